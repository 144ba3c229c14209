import { createInterface } from 'node:readline';
import { CommanderError } from 'commander';
import type { CliContext } from './cli/context.ts';
import { errorJson, errorText } from './cli/error-report.ts';
import { exitCodeOf } from './cli/exit.ts';
import { colorsFor, createOutput, type TextSink } from './cli/output.ts';
import { createProgram, type Program } from './cli/program.ts';
import { type SignalSource, stopSignal } from './cli/stop-signals.ts';
import { usageError } from './cli/usage-error.ts';
import { acceptNodeVersionOfSdk, type Environment, processEnvironment } from './config/environment.ts';
import { systemClock } from './platform/clock.ts';
import { toTributaryError } from './platform/errors.ts';
import { createLogger } from './platform/logger.ts';
import { packageVersion } from './platform/package-version.ts';

/** What the program needs of the process it runs in. */
export interface Host {
  /** Arguments behind the name of the script. */
  readonly argv: readonly string[];
  readonly environment: Environment;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: TextSink;
  readonly stderr: TextSink & NodeJS.WritableStream;
  readonly signals: SignalSource;
  /** Ends the process at once; only a second Ctrl-C asks for it. */
  readonly exit: (code: number) => void;
}

/** The process that this module runs in. */
export function processHost(exit: Host['exit']): Host {
  acceptNodeVersionOfSdk();
  const { stdin, stdout, stderr } = process;
  return {
    argv: process.argv.slice(2),
    environment: processEnvironment(),
    stdin,
    stdout,
    stderr,
    signals: process,
    exit,
  };
}

/**
 * Resolves when everything that was printed has left the process: what a pipe has no room for yet would be gone with an
 * exit. A reader that has left early ends the wait.
 */
export async function outputWritten(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      stream.write('', () => resolve());
    });
  }
}

/** In the order of the help. A verb loads what it needs when it runs, so that help is quick. */
const VERBS = [
  () => import('./cli/init.ts').then((verb) => verb.addInitVerb),
  () => import('./cli/check.ts').then((verb) => verb.addCheckVerb),
  () => import('./cli/iam.ts').then((verb) => verb.addIamVerb),
  () => import('./cli/discover.ts').then((verb) => verb.addDiscoverVerb),
  () => import('./cli/select.ts').then((verb) => verb.addSelectVerb),
  () => import('./cli/sync.ts').then((verb) => verb.addSyncVerb),
  () => import('./cli/status.ts').then((verb) => verb.addStatusVerb),
  () => import('./cli/gaps.ts').then((verb) => verb.addGapsVerb),
  () => import('./cli/reset.ts').then((verb) => verb.addResetVerb),
  () => import('./cli/state.ts').then((verb) => verb.addStateVerb),
  () => import('./cli/compact.ts').then((verb) => verb.addCompactVerb),
  () => import('./cli/tap.ts').then((verb) => verb.addTapVerb),
  () => import('./cli/demo.ts').then((verb) => verb.addDemoVerb),
] satisfies readonly (() => Promise<(program: Program, context: CliContext) => void>)[];

/** Runs one command and resolves to its exit code; never rejects. */
export async function main(host: Host): Promise<number> {
  const context = createContext(host);
  const isJson = host.argv.includes('--json');
  try {
    if (host.argv.length === 1 && host.argv[0] === '--version') {
      // Without the verbs: schedulers ask for it before each run.
      context.output.text(await packageVersion());
      return 0;
    }
    const program = await buildProgram(context);
    await program.parseAsync(host.argv, { from: 'user' });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const error = thrown instanceof CommanderError ? usageError(thrown) : toTributaryError(thrown);
    // Who names no command has been given the help already.
    if (!(thrown instanceof CommanderError && thrown.code === 'commander.help')) {
      host.stderr.write(`${errorText(error, colorsFor(host.stderr, host.environment))}\n`);
    }
    if (isJson && !context.output.hasAnswered()) context.output.json(errorJson(error));
    return exitCodeOf(error);
  }
}

/** The command line with all its verbs; docs/reference/cli.md is generated from it. */
export async function buildProgram(context: CliContext): Promise<Program> {
  const program = createProgram({
    version: await packageVersion(),
    writeOut: (text) => context.output.text(text.trimEnd()),
    writeErr: (text) => void context.stderr.write(text),
    columns: context.stderr.columns,
  });
  for (const addVerb of await Promise.all(VERBS.map((load) => load()))) addVerb(program, context);
  return program;
}

export function createContext(host: Host): CliContext {
  const say = (line: string): void => void host.stderr.write(`${line}\n`);
  return {
    output: createOutput(host.stdout, colorsFor(host.stdout, host.environment)),
    stderr: host.stderr,
    environment: host.environment,
    clock: systemClock,
    isInteractive: host.stdin.isTTY === true && host.stderr.isTTY === true,
    confirm: async (question) => {
      const lines = createInterface({ input: host.stdin, output: host.stderr });
      const answer = await new Promise<string>((resolve) => {
        // Ctrl-D and Ctrl-C close it without an answer.
        lines.once('close', () => resolve(''));
        lines.question(`${question} [y/N] `, resolve);
      });
      lines.close();
      return /^y(es)?$/i.test(answer.trim());
    },
    stopSignal: (message) => stopSignal({ signals: host.signals, message, say, exit: host.exit }),
    logger: (level, write = say) => createLogger({ location: 'main', level, now: systemClock.now, write }),
    openConnection: async (options) => {
      const { createConnection } = await import('./connection/clients.ts');
      return createConnection(options);
    },
    openDestination: async (destination, log) => {
      const { openDestination } = await import('./load/registry.ts');
      return await openDestination(destination, { clock: systemClock, logger: log });
    },
  };
}
