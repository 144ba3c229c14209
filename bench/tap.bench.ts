import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { catalogOf } from '../test/singer/tap-catalog.ts';
import { canonicalJson, parseExactJson } from '../test/support/exact-json.ts';
import { fetchSingerParts } from '../test/support/singer-parts.ts';
import { median } from './median.ts';
import type { Bench } from './report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The Python tap knows no other place than port 8000 of localhost. */
const PORT = 8000;
const CONFIG = {
  account_id: '123456789012',
  external_id: 'needless',
  role_name: 'needless',
  region_name: 'us-east-1',
  use_local_dynamo: true,
};
const KEYS = { AWS_ACCESS_KEY_ID: 'LOCAL', AWS_SECRET_ACCESS_KEY: 'local' };
const ROUNDS = { short: 3, long: 7 };
const PROOF_ITEMS = 4_000;

interface Tap {
  readonly name: 'ours' | 'python';
  readonly command: readonly string[];
  /** What it reads in some seconds. */
  readonly items: number;
}

const serverMessage = z.object({ port: z.number() });
const usageSchema = z.object({ wallSeconds: z.number(), cpuSeconds: z.number(), peakRssMb: z.number() });

interface Run extends z.infer<typeof usageSchema> {
  readonly lines: number;
  readonly bytes: number;
}

/**
 * Ours and the Python tap, in turn, whole processes from start to exit: a FULL_TABLE run over pages that another process
 * answers over loopback, the messages counted by `wc` at the other end of a pipe. Before that both have to say the same.
 */
export const bench: Bench = async ({ report, say, long }) => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  const { tap: python } = await fetchSingerParts();
  const taps: readonly Tap[] = [
    { name: 'python', command: [python], items: 100_000 },
    { name: 'ours', command: [process.execPath, `${ROOT}dist/bin/tap-dynamodb.js`], items: 3_000_000 },
  ];
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
  try {
    await proveOutput(taps, folder);
    const runs = { ours: [], python: [] } satisfies Record<Tap['name'], Run[]>;
    const results: Record<Tap['name'], Run[]> = runs;
    for (let round = 0; round < (long ? ROUNDS.long : ROUNDS.short); round += 1) {
      for (const tap of taps) {
        const run = await counted(tap, folder);
        results[tap.name].push(run);
        say(
          `${tap.name}: ${tap.items} rows in ${run.wallSeconds.toFixed(2)} s wall, ${run.cpuSeconds.toFixed(2)} s CPU, ` +
            `${(run.bytes / 1e6 / run.wallSeconds).toFixed(1)} MB/s written, ${run.peakRssMb} MB`,
        );
      }
    }
    const figure = (name: string, metric: string, value: number, unit: string): void =>
      report({ bench: 'tap', case: name, metric, value: Number(value.toFixed(1)), unit });
    const rates = new Map<string, { readonly wall: number; readonly cpu: number }>();
    for (const { name, items } of taps) {
      const of = (value: (run: Run) => number): number => median(results[name].map(value));
      rates.set(name, { wall: items / of((run) => run.wallSeconds), cpu: items / of((run) => run.cpuSeconds) });
      figure(name, 'rows_per_s', Math.round(items / of((run) => run.wallSeconds)), 'rows/s');
      figure(
        name,
        'mb_per_s',
        of((run) => run.bytes / 1e6 / run.wallSeconds),
        'MB/s',
      );
      figure(name, 'rows_per_cpu_s', Math.round(items / of((run) => run.cpuSeconds)), 'rows/s');
      figure(name, 'tap_peak_rss_mb', Math.max(...results[name].map(({ peakRssMb }) => peakRssMb)), 'MB');
    }
    const [theirs, ours] = [rates.get('python'), rates.get('ours')];
    if (theirs === undefined || ours === undefined) throw new Error('A tap was not measured');
    figure('ours / python', 'tap_rows_per_s_vs_python', ours.wall / theirs.wall, 'x');
    figure('ours / python', 'tap_rows_per_cpu_s_vs_python', ours.cpu / theirs.cpu, 'x');
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Runs a tap into `wc`. */
async function counted(tap: Tap, folder: string): Promise<Run> {
  const counts = join(folder, 'counts');
  const usage = await served(tap, { folder, items: tap.items, reader: `wc -lc >'${counts}'` });
  const [lines = 0, bytes = 0] = readFileSync(counts, 'utf8').trim().split(/\s+/).map(Number);
  // Besides the rows there are at most three messages a page and a few at both ends.
  if (lines < tap.items || lines > tap.items * 1.01) throw new Error(`${tap.name} wrote ${lines} messages`);
  return { ...usage, lines, bytes };
}

/** Figures of wrong output are worthless: RECORDs of both taps have to be the same, with all digits. */
async function proveOutput(taps: readonly Tap[], folder: string): Promise<void> {
  const records: string[] = [];
  for (const tap of taps) {
    const output = join(folder, `${tap.name}.jsonl`);
    await served(tap, { folder, items: PROOF_ITEMS, reader: `cat >'${output}'` });
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n').map(parseExactJson).map(recordOf);
    const own = lines.filter((record) => record !== null).sort();
    if (own.length !== PROOF_ITEMS) throw new Error(`${tap.name} wrote ${own.length} of ${PROOF_ITEMS} rows`);
    records.push(own.join('\n'));
  }
  if (new Set(records).size !== 1) throw new Error('The taps wrote different rows');
}

/** The canonical text of the row in a message; null in other messages. */
function recordOf(message: ReturnType<typeof parseExactJson>): string | null {
  const members = message.kind === 'object' ? new Map(message.members) : new Map<string, never>();
  const record = members.get('record');
  return record === undefined ? null : canonicalJson(record);
}

/** Runs a tap on a table of so many items, its messages into a shell command; rejects when one of the two fails. */
async function served(
  tap: Tap,
  { folder, items, reader }: { readonly folder: string; readonly items: number; readonly reader: string },
): Promise<z.infer<typeof usageSchema>> {
  const server = fork(fileURLToPath(new URL('./table-server.ts', import.meta.url)), [String(items), String(PORT)]);
  const gone = once(server, 'exit');
  try {
    const ready = await Promise.race([once(server, 'message'), gone.then(() => null)]);
    if (ready === null) throw new Error(`Port ${PORT} cannot be listened on; see scripts/with-private-network.ts`);
    serverMessage.parse(ready[0]);
    return await measured(tap, folder, reader);
  } finally {
    if (server.connected) server.disconnect();
    await gone;
  }
}

async function measured(tap: Tap, folder: string, reader: string): Promise<z.infer<typeof usageSchema>> {
  const [config, catalog] = [join(folder, 'config.json'), join(folder, 'catalog.json')];
  writeFileSync(config, JSON.stringify(CONFIG));
  writeFileSync(catalog, JSON.stringify(catalogOf([{ name: 'replayed', key: ['pk'], method: 'FULL_TABLE' }])));
  const measure = fileURLToPath(new URL('./whole-process.py', import.meta.url));
  const command = ['python3', measure, ...tap.command, '--config', config, '--catalog', catalog];
  const child = spawn('bash', ['-c', `set -o pipefail; "$@" | ${reader} 3>&-`, 'bash', ...command], {
    env: { ...process.env, ...KEYS },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const usage = child.stdio[3];
  if (!(usage instanceof Readable) || child.stderr === null) throw new Error('A pipe is missing');
  const [written, log, [code]] = await Promise.all([text(usage), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${tap.name} ended with ${code}:\n${log}`);
  return usageSchema.parse(JSON.parse(written));
}
