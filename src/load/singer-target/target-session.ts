import { randomUUID } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import { type TributaryError, toTributaryError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { activateVersionMessage, stateMessage } from '../../singer/messages.ts';
import { readEcho, stateValue } from './echo.ts';
import {
  boastError,
  exitError,
  lingerError,
  refusalError,
  type TargetExit,
  unconfirmedError,
} from './target-errors.ts';
import type { TargetProcess } from './target-process.ts';
import type { AcceptedCommit, TargetTable } from './target-table.ts';

/** What is sent for one commit of a table. */
export interface Delivery {
  readonly table: TargetTable;
  /** The SCHEMA message; sent where the target has another one, or none. */
  readonly schema: Buffer;
  /** A version that is activated before the rows, where the target has not heard of it. */
  readonly activated: number | null;
  readonly rows: Iterable<Buffer>;
  readonly rowCount: number;
  /** What is to become durable with it. */
  readonly commit: Omit<AcceptedCommit, 'mark' | 'hasRows'>;
}

/** What may be done while nobody else sends. */
export interface TargetPipe {
  /** Resolves when rows and STATE are in the pipe. Starts the target where none runs. */
  deliver(delivery: Delivery): Promise<void>;
  /** Ends the target's input and waits until it has confirmed everything; nothing is to be done when it has. */
  settle(): Promise<void>;
}

/**
 * The target, whichever process it is at the moment: one for all tables and sources. After a failure what it has not
 * confirmed is lost, all tables hear of it, and the next delivery starts it again.
 */
export interface TargetSession {
  /** One after the other. Rejects with TARGET_FAILED or TARGET_HUNG, and with what `use` rejects with. */
  exclusively<T>(use: (pipe: TargetPipe) => Promise<T>): Promise<T>;
  /** Stops the target: what it has confirmed cannot be made durable. */
  fail(error: TributaryError): void;
  /** Settles and ends the target. */
  close(): Promise<void>;
}

interface TargetSessionOptions {
  /** Of the target, for messages. */
  readonly name: string;
  /** Starts a process; resolves when one that was left over is gone and this one takes input. */
  readonly start: (onOutput: (line: string) => void) => Promise<TargetProcess>;
  /** Whether it ends with an error when it is given nothing at all. Called when no process runs; `ended` follows. */
  readonly refusesToRun: () => Promise<boolean>;
  /** What the process that was started last has said last. */
  readonly lastWords: () => string | null;
  /** After a process has ended, whatever way. */
  readonly ended: () => Promise<void>;
  /** All tables of the destination. */
  readonly tables: () => Iterable<TargetTable>;
  /** Lines of its output that are for people. */
  readonly onMessage: (line: string) => void;
  readonly exitTimeoutMs: number;
  readonly settleEveryMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A process of the target, and what it was given. */
interface Running {
  readonly id: string;
  readonly process: TargetProcess;
  /** By stream, the last that was sent. */
  readonly marks: Map<string, number>;
  readonly schemas: Map<string, Buffer>;
  readonly activated: Map<string, number>;
  rowCount: number;
  isEnding: boolean;
  /** Whether it has repeated a STATE: then it runs as it is configured. */
  hasEchoed: boolean;
  /** Why it has ended by itself, found out once. */
  verdict: Promise<TributaryError> | null;
  /** Why it was stopped while nobody waited for it. */
  failure: TributaryError | null;
  /** Ends the wait for the next settling. */
  readonly stopped: AbortController;
  isTimed: boolean;
}

/** So many rows without a confirmation are as many as are read again after a crash. */
const SETTLE_ROWS = 500_000;

export function createTargetSession(options: TargetSessionOptions): TargetSession {
  const { name, clock, log, tables } = options;
  let running: Running | null = null;
  let lastMark = 0;
  let queue: Promise<unknown> = Promise.resolve();

  const exclusively: TargetSession['exclusively'] = (use) => {
    const result = queue.then(() => use({ deliver, settle }));
    queue = result.catch(() => {});
    return result;
  };
  /** For what nobody waits for: whoever has something to lose hears of it by its own commits. */
  const inBackground = (work: () => Promise<void>): void => {
    exclusively(work).catch((error: unknown) => log.warning(toTributaryError(error).message));
  };
  const waiting = (): readonly TargetTable[] => [...tables()].filter((table) => table.lastMark !== null);

  const onOutput = (target: Running, line: string): void => {
    const echo = readEcho(line, target.id);
    if (echo.kind === 'text') {
      options.onMessage(line);
      return;
    }
    if (echo.marks.size === 0) log.debug('The target has written a state that is not of this process');
    else target.hasEchoed = true;
    for (const [stream, mark] of echo.marks) {
      if (mark > (target.marks.get(stream) ?? 0)) fail(target, boastError(name, stream, mark));
    }
    // Nothing that a target says is believed after something that cannot be true.
    if (target.failure !== null) return;
    for (const table of tables()) table.confirm(echo.marks.get(table.stream) ?? 0);
  };

  const start = async (): Promise<Running> => {
    const early: string[] = [];
    let target: Running | null = null;
    const process = await options.start((line) => {
      if (target === null) early.push(line);
      else onOutput(target, line);
    });
    const streams = [...tables()].map(({ stream }) => [stream, 0] as const);
    target = {
      id: randomUUID(),
      process,
      marks: new Map(streams),
      schemas: new Map(),
      activated: new Map(),
      rowCount: 0,
      isEnding: false,
      hasEchoed: false,
      verdict: null,
      failure: null,
      stopped: new AbortController(),
      isTimed: false,
    };
    for (const line of early) onOutput(target, line);
    running = target;
    const started = target;
    void process.exited.then((exit) => {
      if (started.isEnding) return;
      void verdictOn(started, exit).then((error) => fail(started, error));
    });
    // Some targets confirm the first STATE that they see, rows or not: it says nothing new.
    await process.write(stateMessage(stateValue(target.id, target.marks)));
    return target;
  };

  /** Why a process has ended by itself. Never rejects. */
  const verdictOn = (target: Running, exit: TargetExit): Promise<TributaryError> => {
    target.verdict ??= judge(target, exit);
    return target.verdict;
  };
  const judge = async (target: Running, exit: TargetExit): Promise<TributaryError> => {
    const said = options.lastWords();
    const error = exitError(name, exit, said);
    if (target.hasEchoed || exit.code === 0 || exit.code === null || error.code !== 'TARGET_FAILED') return error;
    try {
      return (await options.refusesToRun()) ? refusalError(name, exit, said) : error;
    } catch (thrown) {
      log.debug(`Whether ${name} runs at all cannot be told: ${toTributaryError(thrown).message}`);
      return error;
    }
  };

  /** Ends the process and gives up what it has not confirmed. */
  const giveUp = async (target: Running, error: TributaryError): Promise<void> => {
    target.isEnding = true;
    target.stopped.abort();
    if (running === target) running = null;
    try {
      await target.process.stop();
    } finally {
      // What it has said before it ended counts.
      await Promise.allSettled([...tables()].map((table) => table.confirmed()));
      for (const table of tables()) table.lose(error);
    }
    await options.ended();
  };
  /** From outside of the queue. */
  const fail = (target: Running, error: TributaryError): void => {
    target.failure ??= error;
    // Whoever waits for its end finds the failure.
    if (target.isEnding) return;
    target.isEnding = true;
    log.warning(error.message);
    // What waits in the pipe gets an error, so that the queue moves on. That it cannot be stopped is said below.
    target.process.stop().catch(() => {});
    inBackground(async () => {
      if (running === target) await giveUp(target, error);
    });
  };

  /** Why a write has failed: that the target is gone says less than how it went. */
  const causeOf = async (target: Running, thrown: unknown): Promise<TributaryError> => {
    const error = toTributaryError(thrown);
    if (target.failure !== null) return target.failure;
    if (error.code !== 'TARGET_FAILED') return error;
    const exit = await target.process.exitedWithin(EXIT_PATIENCE_MS);
    return exit === null ? error : await verdictOn(target, exit);
  };

  const deliver: TargetPipe['deliver'] = async ({ table, schema, activated, rows, rowCount, commit }) => {
    const { stream } = table;
    const known = running?.schemas.get(stream);
    // Meltano's SDK loads rows of an old schema after those of the new one, unless it is done with them.
    if (known !== undefined && !known.equals(schema)) await settle();
    const target = running ?? (await begin());
    try {
      if (!target.schemas.get(stream)?.equals(schema)) await target.process.write(schema);
      target.schemas.set(stream, schema);
      if (activated !== null && target.activated.get(stream) !== activated) {
        await target.process.write(activateVersionMessage(stream, activated));
        target.activated.set(stream, activated);
      }
      for (const lines of rows) await target.process.write(lines);
      lastMark += 1;
      target.marks.set(stream, lastMark);
      table.accept({ ...commit, mark: lastMark, hasRows: rowCount > 0 });
      await target.process.write(stateMessage(stateValue(target.id, target.marks)));
    } catch (thrown) {
      const error = await causeOf(target, thrown);
      await giveUp(target, error);
      throw error;
    }
    target.rowCount += rowCount;
    if (target.rowCount >= SETTLE_ROWS) {
      target.rowCount = 0;
      inBackground(settle);
    }
    settleInTime(target);
  };

  const begin = async (): Promise<Running> => {
    try {
      return await start();
    } catch (thrown) {
      const failed = running;
      const error = failed === null ? toTributaryError(thrown) : await causeOf(failed, thrown);
      if (failed !== null) await giveUp(failed, error);
      throw error;
    }
  };

  /** Most targets confirm only when a batch is full or their input ends. */
  const settleInTime = (target: Running): void => {
    if (target.isTimed) return;
    target.isTimed = true;
    clock.sleep(options.settleEveryMs, target.stopped.signal).then(
      () => {
        target.isTimed = false;
        if (running === target && waiting().length > 0) inBackground(settle);
      },
      () => {},
    );
  };

  const settle = async (): Promise<void> => {
    const target = running;
    if (target === null || waiting().length === 0) return;
    await end(target);
  };

  /** Ends the process in good order; rejects when it has not confirmed everything by then. */
  const end = async (target: Running): Promise<void> => {
    target.isEnding = true;
    target.stopped.abort();
    target.process.endInput();
    const exit = await target.process.exitedWithin(options.exitTimeoutMs);
    const error = await endError(target, exit);
    if (error !== null) {
      await giveUp(target, error);
      throw error;
    }
    running = null;
    await options.ended();
  };
  const endError = async (target: Running, exit: TargetExit | null): Promise<TributaryError | null> => {
    if (target.failure !== null) return target.failure;
    if (exit === null) return lingerError(name, options.exitTimeoutMs);
    if (exit.code !== 0) return await verdictOn(target, exit);
    for (const table of tables()) table.confirmEnd();
    const saved = await Promise.allSettled([...tables()].map((table) => table.confirmed()));
    const failed = saved.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) return toTributaryError(failed.reason);
    const [first] = waiting();
    return first === undefined ? null : unconfirmedError(name, first.stream);
  };

  return {
    exclusively,
    fail: (error) => {
      if (running !== null) fail(running, error);
    },
    close: () =>
      exclusively(async () => {
        if (running !== null) await end(running);
      }),
  };
}

/** How long the exit of a process may be behind the error of its pipe. */
const EXIT_PATIENCE_MS = 5_000;
