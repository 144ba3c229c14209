import { readFile } from 'node:fs/promises';
import { acceptNodeVersionOfSdk } from '../config/environment.ts';
import { type Connection, createConnection } from '../connection/clients.ts';
import { systemClock } from '../platform/clock.ts';
import type { ErrorCode } from '../platform/error-codes.ts';
import { ERROR_POLICY } from '../platform/error-policy.ts';
import { messageOf, TributaryError, toTributaryError } from '../platform/errors.ts';
import { createLogger, type Logger } from '../platform/logger.ts';
import { parseCatalog } from '../singer/catalog.ts';
import type { TapState } from '../singer/tap-state.ts';
import { readSingerState } from '../state/read-singer-state.ts';
import type { TapCommand } from './command-line.ts';
import { writeCatalog } from './discover.ts';
import { createSingerOutput } from './output.ts';
import { stopSignal } from './stop-signal.ts';
import { parseTapConfig, type TapConfig } from './tap-config.ts';
import { tapError } from './tap-error.ts';
import type { TapHost } from './tap-host.ts';

/** A command that needs AWS. Resolves to its exit code; everything that is to be said is on stderr then. */
export async function runTap(
  command: Extract<TapCommand, { readonly kind: 'discover' | 'sync' }>,
  host: Pick<TapHost, 'messagesFd' | 'stderr' | 'signals'>,
): Promise<number> {
  acceptNodeVersionOfSdk();
  const log = createLogger({
    ...{ location: 'main', level: 'INFO', format: 'singer', now: systemClock.now },
    write: (line) => void host.stderr.write(`${line}\n`),
  });
  const stopped = stopSignal(host.signals, (name) =>
    log.warning(`Stopping after ${name}: what was read is written; a second signal ends the tap at once`),
  );
  // A reader that is gone ends the run wherever it is; every message behind that would go nowhere.
  const closed = new AbortController();
  const signal = AbortSignal.any([stopped, closed.signal]);
  const output = createSingerOutput({ fd: host.messagesFd, onClosed: (error) => closed.abort(error) });
  const io = { output, clock: systemClock, log, signal };
  try {
    const failure = await run(command, io);
    if (failure === null) return 0;
    throw failure;
  } catch (thrown) {
    // Whatever the stop has broken on its way: it was the stop.
    const error = signal.aborted ? toTributaryError(signal.reason) : toTributaryError(thrown);
    report(tapError(error, null), log);
    return ERROR_POLICY[error.kind].exitCode;
  }
}

type Surroundings = Parameters<typeof writeCatalog>[1];

async function run(
  command: Extract<TapCommand, { readonly kind: 'discover' | 'sync' }>,
  io: Surroundings,
): Promise<TributaryError | null> {
  const { config, warnings } = parseTapConfig(await readJson('config', command.config, 'CONFIG_INVALID'));
  for (const warning of warnings) io.log.warning(warning);
  if (command.kind === 'discover') return await withConnection(config, (connection) => writeCatalog(connection, io));
  const streams = parseCatalog(await readJson('catalog', command.catalog, 'CATALOG_INVALID'));
  const state = await readState(command.state);
  // Discovery does without all that reads tables.
  const { syncStreams } = await import('./sync.ts');
  return await withConnection(config, (connection) => syncStreams({ config, streams, state, connection }, io));
}

async function withConnection<Result>(
  { connection: options }: TapConfig,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = createConnection(options);
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

async function readState(path: string | null): Promise<TapState> {
  const text = path === null ? '{}' : await readText('state', path, 'STATE_INVALID');
  const hint = 'Give the value of the last STATE message that the target has passed on, or no --state';
  return readSingerState(text, { path, hint });
}

async function readJson(what: string, path: string, code: ErrorCode): Promise<unknown> {
  const text = await readText(what, path, code);
  try {
    return JSON.parse(text);
  } catch (error) {
    // The place, never the content: a config has secrets.
    throw new TributaryError(code, `The ${what} ${path} is no JSON${placeOf(text, messageOf(error))}`, {
      hint: `Write it as JSON, in UTF-8; \`python3 -m json.tool ${path}\` shows what is wrong`,
    });
  }
}

async function readText(what: string, path: string, code: ErrorCode): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new TributaryError(code, `The ${what} ${path} cannot be read: ${messageOf(error)}`, {
      ...{ hint: `Check the path that --${what} names`, cause: error },
    });
  }
}

function placeOf(text: string, message: string): string {
  if (text.trim() === '') return ': it is empty';
  const position = / at position (\d+)/.exec(message)?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return ` at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

function report(error: TributaryError, log: Logger): void {
  if (error.kind === 'cancelled')
    log.warning(`${error.message}; the next run goes on from the last state, if the target has passed one on`);
  // A message of several lines is a list, or ends with a mark under what is wrong: nothing may stand behind it.
  else if (error.message.includes('\n')) log.critical(`${error.message}\n${error.hint} (${error.code})`);
  else log.critical(`${error.message}. ${error.hint} (${error.code})`);
  if (error.kind !== 'bug') return;
  const cause = error.cause instanceof Error ? error.cause : error;
  log.critical(cause.stack ?? String(cause));
}
