import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { BeginVersion, FinishVersion } from '../destination.ts';
import { listFolder, makeFolder } from '../durable-file.ts';
import { withFileErrors } from '../file-errors.ts';
import { memberName } from '../item-lines.ts';
import { beginVersion, completeVersion, finishVersion, nameOf, type VersionId } from '../table-ledger.ts';
import { cleanUp, KEPT_MS } from './clean-up.ts';
import { versionFolder, writeDataFile } from './data-files.ts';
import { findDuplicates, linesWithout } from './duplicates.ts';
import { writeLiveList } from './live-list.ts';
import type { DataFile, RetiredVersion } from './log-entry.ts';
import type { TableFolders } from './table-folders.ts';
import { type LoggedTable, logFolderOf, requireTable, type TableLog } from './table-log.ts';

interface RefreshOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Commits a `begin` entry; the first of a table makes its folder. */
export async function beginTable(
  folders: TableFolders,
  request: BeginVersion,
  { signal, logger }: RefreshOptions,
): Promise<void> {
  const { destinationSchema, destinationTable, nowMs } = request;
  if (request.stream !== null)
    throw new TributaryError('BUG', `${nameOf(request)} has a stream, which files do not follow`);
  const found = await folders.find(request);
  const log = found?.log ?? folders.at(destinationSchema, destinationTable);
  if (found === null) await requireFreeFolder(log, request);
  signal.throwIfAborted();
  await withFileErrors(log.folder, async () => {
    await makeFolder(logFolderOf(log.folder));
    await makeFolder(join(log.folder, versionFolder(request)));
  });
  const table = await log.append((before) => {
    if (before !== null && !isSameTable(before, request)) throw nameTaken(log, request);
    const ledger = beginVersion(before?.ledger ?? null, request, []);
    return { kind: 'begin', ledger, retired: retiredWith(before, before?.ledger.loading ?? null, nowMs) };
  }, nowMs);
  await tidy(log, table, { nowMs, logger });
}

/** Commits a `finish` entry, with duplicates removed. The files of the version before stay for an hour. */
export async function finishTable(
  folders: TableFolders,
  request: FinishVersion,
  { signal, logger }: RefreshOptions,
): Promise<{ readonly rowCount: number; readonly sweptRows: number }> {
  const { nowMs } = request;
  const { log, table } = await folders.require(request);
  const complete = completeVersion(table.ledger, request);
  const { parts, rowCount } =
    request.deduplicateBy === null
      ? complete
      : await withFileErrors(log.folder, () => withoutDuplicates(log, table, { ...request, signal }));
  const content = { parts, rowCount, liveRowCount: rowCount };
  signal.throwIfAborted();
  const finished = await log.append((before) => {
    const { ledger } = requireTable(before, log);
    return {
      kind: 'finish',
      ledger: finishVersion(ledger, request, content),
      retired: retiredWith(before, ledger.live, nowMs),
    };
  }, nowMs);
  await tidy(log, finished, { nowMs, logger });
  return { rowCount: content.rowCount, sweptRows: 0 };
}

/** The versions that readers or lanes may still use, with that which a new entry ends. */
export function retiredWith(
  before: LoggedTable | null,
  ended: VersionId | null,
  nowMs: number,
): readonly RetiredVersion[] {
  const kept = (before?.retired ?? []).filter(({ sinceMs }) => nowMs - sinceMs <= KEPT_MS);
  return ended === null ? kept : [...kept, { version: ended.version, base: ended.base, sinceMs: nowMs }];
}

async function withoutDuplicates(
  log: TableLog,
  { ledger }: LoggedTable,
  request: FinishVersion & RefreshSignal,
): Promise<{ readonly parts: readonly DataFile[]; readonly rowCount: number }> {
  const { parts, rowCount, schema } = completeVersion(ledger, request);
  const keyMembers = schema.columns
    .filter(({ columnName }) => columnName !== null && request.deduplicateBy?.includes(columnName))
    .map(({ attribute }) => memberName(attribute));
  const losers = await findDuplicates(log.folder, parts, keyMembers);
  const lost = [...losers.values()].reduce((sum, numbers) => sum + numbers.size, 0);
  // Judged before anything is written: a refused version stays as it is.
  finishVersion(ledger, request, { parts, rowCount: rowCount - lost, liveRowCount: rowCount - lost });
  const claim = randomUUID();
  const kept: DataFile[] = [];
  for (const [number, part] of parts.entries()) {
    request.signal.throwIfAborted();
    const numbers = losers.get(part.file);
    if (numbers === undefined) kept.push(part);
    else if (numbers.size < part.rows) {
      const content = linesWithout(join(log.folder, part.file), numbers);
      const place = { folder: log.folder, version: request.version, base: request.base, claim, number };
      kept.push(await writeDataFile(place, { content, rows: part.rows - numbers.size }));
    }
  }
  return { parts: kept, rowCount: rowCount - lost };
}

interface RefreshSignal {
  readonly signal: AbortSignal;
}

/** What follows an entry but is not part of it: a failure is logged, and the next begin does it again. */
async function tidy(
  log: TableLog,
  table: LoggedTable,
  { nowMs, logger }: { readonly nowMs: number; readonly logger: Logger },
): Promise<void> {
  try {
    await writeLiveList(log.folder, table.ledger);
    await cleanUp(log, table, nowMs);
  } catch (error) {
    logger.warning(`${log.folder} could not be tidied up, the next run tries again: ${messageOf(error)}`);
  }
}

async function requireFreeFolder(log: TableLog, request: BeginVersion): Promise<void> {
  const names = await withFileErrors(log.folder, () => listFolder(log.folder));
  // A process that died before its first entry has left these, empty.
  if (names.some((name) => name !== '_log' && name !== 'data')) throw nameTaken(log, request);
}

function isSameTable({ ledger }: LoggedTable, { source, table }: BeginVersion): boolean {
  return ledger.source === source && ledger.table === table;
}

function nameTaken({ folder }: TableLog, { source, table }: BeginVersion): TributaryError {
  return new TributaryError(
    'DESTINATION_NAME_TAKEN',
    `${source}.${table} cannot be loaded into ${folder}: the folder holds something else`,
    { context: { source, table, folder } },
  );
}
