import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { main } from '../../src/app.ts';

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** What a person at a terminal types; without it there is no terminal. */
  readonly typed?: string;
  /** Called with all that stdout has so far, and with the sender of signals. */
  readonly onStdout?: (stdout: string, signals: EventEmitter) => void;
  /** Called with all that stderr has so far. */
  readonly onStderr?: (stderr: string) => void;
  /** Receives the sender of signals before the command starts. */
  readonly onStart?: (signals: EventEmitter) => void;
}

/** Runs the program in this process, as `tributary ...argv` would run. */
export async function runCli(
  argv: readonly string[],
  { environment = {}, typed, onStdout = () => {}, onStderr = () => {}, onStart }: CliOptions = {},
): Promise<CliRun> {
  const signals = new EventEmitter();
  const stdout = collector((text) => onStdout(text, signals));
  const stderr = collector(onStderr);
  onStart?.(signals);
  const isTTY = typed !== undefined;
  const exitCode = await main({
    argv,
    environment,
    stdin: Object.assign(Readable.from(isTTY ? [`${typed}\n`] : []), { isTTY }),
    stdout: stdout.stream,
    stderr: Object.assign(stderr.stream, { isTTY }),
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

function collector(onText: (text: string) => void) {
  let collected = '';
  const stream = new Writable({
    write(chunk, _, done) {
      collected += String(chunk);
      onText(collected);
      done();
    },
  });
  return { stream, text: () => collected };
}
