import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { main } from '../../src/app.ts';

interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Receives the sender of signals before the command starts. */
  readonly onStart?: (signals: EventEmitter) => void;
}

/** Runs the program in this process, as `tributary ...argv` would run, without a terminal. */
export async function runCli(argv: readonly string[], { environment = {}, onStart }: CliOptions = {}): Promise<CliRun> {
  const stdout = collector();
  const stderr = collector();
  const signals = new EventEmitter();
  onStart?.(signals);
  const exitCode = await main({
    argv,
    environment,
    stdin: Readable.from([]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    signals,
    exit: (code) => {
      throw new Error(`the command ended the process with ${code}`);
    },
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

/** What the command printed as JSON: one document a line. */
export function jsonLines(stdout: string): readonly unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

function collector() {
  let collected = '';
  const stream = new Writable({
    write(chunk, _, done) {
      collected += String(chunk);
      done();
    },
  });
  return { stream, text: () => collected };
}
