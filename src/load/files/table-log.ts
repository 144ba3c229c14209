import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { UnitId } from '../../model/unit.ts';
import { TributaryError } from '../../platform/errors.ts';
import { createWhole, listFolder, modifiedAtMs, readIfPresent } from '../durable-file.ts';
import { withFileErrors } from '../file-errors.ts';
import { loadingVersion, moveUnits, type TableLedger, takeOver, withRows } from '../table-ledger.ts';
import {
  type DataFile,
  decodeLogEntry,
  encodeLogEntry,
  type LogEntry,
  type LogEntryBody,
  type RetiredVersion,
} from './log-entry.ts';

export type FilesLedger = TableLedger<readonly DataFile[]>;

/** What the log of a table says up to entry `headSeq`. */
export interface LoggedTable {
  readonly ledger: FilesLedger;
  /** Which lane holds a unit that is not finished. The files of these claims may still be named by an entry to come. */
  readonly claims: ReadonlyMap<UnitId, string>;
  readonly retired: readonly RetiredVersion[];
  /** The latest entry that carries the whole state. Older ones are not needed any more. */
  readonly baseSeq: number;
  readonly headSeq: number;
}

export interface TableLog {
  /** The folder of the table. */
  readonly folder: string;
  /** The table after all entries that are there now; null before the first. */
  read(): Promise<LoggedTable | null>;
  /**
   * Commits the entry that `decide` makes of the table as it is now. When another process is faster, `decide` is asked
   * again with what that one has left, so it must judge the table each time; what it throws ends the attempt. Entries of
   * one process are written one after the other.
   */
  append(decide: (before: LoggedTable | null) => LogEntryBody, atMs: number): Promise<LoggedTable>;
}

export function openTableLog(folder: string): TableLog {
  const logFolder = logFolderOf(folder);
  let known: LoggedTable | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  /** The latest entry with the whole state: everything before it may have been removed. */
  const readBase = async (): Promise<LoggedTable | null> => {
    const sequences = sequencesIn(await listFolder(logFolder)).reverse();
    for (const seq of sequences) {
      const entry = await readEntry(logFolder, seq);
      if (entry !== null && 'ledger' in entry) return applied(null, entry);
    }
    if (sequences.length === 0) return null;
    throw new TributaryError('STATE_INVALID', `The log ${logFolder} has entries but none with the state of the table`);
  };
  const follow = async (): Promise<LoggedTable | null> => {
    // Without its base a state is so old that the entries behind it may be gone as well.
    const isCurrent = known !== null && (await modifiedAtMs(entryPath(logFolder, known.baseSeq))) !== null;
    let table = isCurrent ? known : await readBase();
    for (let entry = table; entry !== null; ) {
      const next = await readEntry(logFolder, entry.headSeq + 1);
      entry = next === null ? null : applied(entry, next);
      table = entry ?? table;
    }
    known = table;
    return table;
  };
  const write = async (decide: (before: LoggedTable | null) => LogEntryBody, atMs: number): Promise<LoggedTable> => {
    for (;;) {
      const before = await follow();
      const entry = { ...decide(before), seq: (before?.headSeq ?? 0) + 1, commit: randomUUID(), atMs };
      const path = entryPath(logFolder, entry.seq);
      const text = encodeLogEntry(entry);
      const isCreated = (await createWhole(path, text)) || (await readIfPresent(path)) === text;
      if (!isCreated) continue;
      await requireBase(before, path);
      known = applied(before, decodeLogEntry(text, path));
      return known;
    }
  };
  /**
   * A process that was asleep for longer than old entries are kept could fill a hole that clean-up has left far behind the
   * head of the log. Entries are removed in their order, so then its base is gone too.
   */
  const requireBase = async (before: LoggedTable | null, path: string): Promise<void> => {
    if (before === null || (await modifiedAtMs(entryPath(logFolder, before.baseSeq))) !== null) return;
    await rm(path);
    throw new TributaryError('FENCED', `The log ${logFolder} has moved on for more than an hour since it was read`);
  };
  const exclusively = <Result>(use: () => Promise<Result>): Promise<Result> => {
    const result = queue.then(() => withFileErrors(folder, use));
    queue = result.catch(() => undefined);
    return result;
  };

  return {
    folder,
    read: () => exclusively(follow),
    append: (decide, atMs) => exclusively(() => write(decide, atMs)),
  };
}

/** The table of a log that was read; rejects with STATE_INVALID when somebody has emptied the log since. */
export function requireTable(table: LoggedTable | null, { folder }: TableLog): LoggedTable {
  if (table !== null) return table;
  throw new TributaryError('STATE_INVALID', `The log of ${folder} has disappeared`);
}

export function logFolderOf(folder: string): string {
  return join(folder, '_log');
}

/** The ledger after an `append`; rejects with FENCED when the version, the schema or one of the moves misses. */
export function appended(
  ledger: FilesLedger,
  {
    version,
    base,
    moves,
    part,
    schema,
    atMs,
  }: Pick<AppendEntry, 'version' | 'base' | 'moves' | 'part' | 'schema' | 'atMs'>,
): FilesLedger {
  const id = { version, base };
  const loading = loadingVersion(ledger, id);
  const noShards = { opened: [], pruned: [], epoch: ledger.highestEpoch };
  const moved = moveUnits(ledger, { ...id, ...noShards, moves, schema: schema ?? loading.schema, nowMs: atMs });
  if (part === null) return moved;
  const rowCount = loading.rowCount + part.rows;
  return withRows(moved, id, { parts: [...loading.parts, part], rowCount, liveRowCount: rowCount });
}

type AppendEntry = Extract<LogEntry, { readonly kind: 'append' }>;

/** The numbers of the entries among the names of a log folder, in their order. */
export function sequencesIn(names: readonly string[]): number[] {
  return names
    .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Ten digits, so that a sorted list of the folder is the order of the log. */
export function entryPath(logFolder: string, seq: number): string {
  return join(logFolder, `${String(seq).padStart(10, '0')}.json`);
}

async function readEntry(logFolder: string, seq: number): Promise<LogEntry | null> {
  const path = entryPath(logFolder, seq);
  const text = await readIfPresent(path);
  return text === null ? null : decodeLogEntry(text, path);
}

/** The table after one more entry. */
function applied(before: LoggedTable | null, entry: LogEntry): LoggedTable {
  const { seq } = entry;
  if ('ledger' in entry) {
    return { ledger: entry.ledger, claims: new Map(), retired: entry.retired, baseSeq: seq, headSeq: seq };
  }
  if (before === null) throw new TributaryError('STATE_INVALID', `The log begins with the entry ${seq}, ${entry.kind}`);
  const { ledger } = before;
  if (entry.kind === 'acquire') {
    const taken = takeOver(ledger, { ...ledger, ...entry });
    const claims = new Map(before.claims);
    for (const { unit, position } of taken.units.values()) if (position !== 'end') claims.set(unit, entry.claim);
    return { ...before, ledger: taken.ledger, claims, headSeq: seq };
  }
  const next = appended(ledger, entry);
  const claims = new Map([...before.claims].filter(([unit]) => next.loading?.units.get(unit)?.position !== 'end'));
  return { ...before, ledger: next, claims, headSeq: seq };
}
