import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { main } from '../../src/tap/main.ts';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const SCRIPT = join(ROOT, 'src/bin/tap-dynamodb.ts');

/** A simulator and a folder for the files of a tap. */
export interface TapPlace extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly folder: string;
  /** A config for the simulator, with these keys in addition. */
  config(more?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Writes a new file, as JSON unless it is a text; resolves to its path. */
  file(name: string, content: unknown): Promise<string>;
}

export async function openTapPlace(options: SimulatorOptions = {}): Promise<TapPlace> {
  const simulator = await startSimulator(options);
  const folder = await mkdtemp(join(tmpdir(), 'tributary-tap-'));
  let fileCount = 0;
  const file = async (name: string, content: unknown): Promise<string> => {
    fileCount += 1;
    const path = join(folder, `${fileCount}-${name}`);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  return {
    ...{ simulator, folder, file },
    config: (more = {}) => file('config.json', { region_name: 'us-east-1', endpoint: simulator.endpoint, ...more }),
    [Symbol.asyncDispose]: async () => {
      await simulator.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A catalog that selects these streams by method. */
export function catalogFor(
  streams: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  { key = ['pk'] }: { readonly key?: readonly string[] } = {},
): object {
  return {
    streams: Object.entries(streams).map(([name, metadata]) => ({
      ...{ table_name: name, stream: name, tap_stream_id: name, schema: { type: 'object' } },
      metadata: [{ breadcrumb: [], metadata: { 'table-key-properties': key, selected: true, ...metadata } }],
    })),
  };
}

/** Arguments of Node that run the tap. */
export function tapArguments(argv: readonly string[], nodeArguments: readonly string[] = []): readonly string[] {
  return ['--import', 'tsx', ...nodeArguments, SCRIPT, ...argv];
}

export const TAP_ENVIRONMENT = {
  PATH: process.env['PATH'],
  AWS_ACCESS_KEY_ID: 'LOCAL',
  AWS_SECRET_ACCESS_KEY: 'local',
};

export function startTap(argv: readonly string[], nodeArguments: readonly string[] = []) {
  return spawn(process.execPath, tapArguments(argv, nodeArguments), {
    ...{ cwd: ROOT, env: TAP_ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] },
  });
}

export interface EndedTap {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the tap in this process, to its end; the environment has to have keys of AWS. */
export async function callTap(argv: readonly string[], { folder }: TapPlace): Promise<Omit<EndedTap, 'signal'>> {
  const path = join(folder, `stdout-${randomUUID()}`);
  const messages = await open(path, 'w');
  let text = '';
  let stderr = '';
  const exitCode = await main({
    ...{ name: 'tap-dynamodb', argv, messagesFd: messages.fd, signals: new EventEmitter() },
    stdout: { write: (chunk) => (text += chunk) },
    stderr: { write: (chunk) => (stderr += chunk) },
  });
  await messages.close();
  return { exitCode, stdout: text + (await readFile(path, 'utf8')), stderr };
}

/** Runs the tap as a process of its own, to its end. */
export async function runTap(argv: readonly string[], nodeArguments: readonly string[] = []): Promise<EndedTap> {
  return await endOf(startTap(argv, nodeArguments));
}

export async function endOf(child: ChildProcess): Promise<EndedTap> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  await once(child, 'close');
  return { exitCode: child.exitCode, signal: child.signalCode, stdout, stderr };
}

/** The messages of a tap. */
export function messagesOf(stdout: string): readonly Readonly<Record<string, unknown>>[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
}
