import type { TableState } from '../model/table-state.ts';
import { parseSegmentUnit } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import { describeSource } from '../replication/log-based.ts';
import type { LogBasedReplication } from '../replication/log-based-replication.ts';
import { type ExportedState, type ExportedTable, parseStateFile } from '../state/exported-state.ts';
import { nextBase } from '../state/next-base.ts';
import { beginFromBookmarks } from './begin-from-bookmarks.ts';
import { type LogBasedRequest, logBasedTables } from './log-based-tables.ts';
import { applyChange, changeOf, readEditable, type StateChange } from './state-change.ts';

type ExportedLoading = NonNullable<ExportedTable['loading']>;

/** What an import comes to. */
export interface StateImport {
  readonly exportedAtMs: number;
  /** Tables that the destination has, in the version of the file. */
  readonly changes: readonly StateChange[];
  /** Tables that begin at the bookmarks of the file, without the rows that were loaded before. */
  readonly begun: readonly { readonly table: string; readonly loading: ExportedLoading }[];
  /** Tables without bookmarks: every run reads them completely. */
  readonly skipped: readonly string[];
}

type ImportRequest = Omit<LogBasedRequest, 'tables'> & {
  /** Only these of the file; empty means all. */
  readonly tables: readonly string[];
};

/**
 * Works out what importing a file of `state export` comes to; changes nothing. Rejects with STATE_INVALID when it is no
 * such file, and with STATE_NOT_EDITABLE for a table that the destination has in another version.
 */
export async function planImport(text: string, request: ImportRequest): Promise<StateImport> {
  const { source, destination, clock } = request;
  const file = parseStateFile(text);
  const known = new Map((await destination.runStore.readTables(source.name)).map((state) => [state.table, state]));
  const changes: StateChange[] = [];
  const begun: StateImport['begun'][number][] = [];
  const skipped: string[] = [];
  for (const { table, loading } of wantedTables(file, request.tables)) {
    const state = known.get(table);
    if (loading === null || loading.stream === null) skipped.push(table);
    else if (state === undefined) begun.push({ table, loading });
    else {
      requireSameVersion(state, loading);
      const editable = await readEditable(destination, { source: source.name, table });
      changes.push(changeOf(editable, fittingUnits(state, loading.units), clock.now()));
    }
  }
  // That they can be followed at all is found out before anything is changed.
  if (begun.length > 0) await logBasedTables({ ...request, tables: begun.map(({ table }) => table) });
  return { exportedAtMs: file.exportedAtMs, changes, begun, skipped };
}

/** Makes it so. */
export async function applyImport({ changes, begun }: StateImport, request: ImportRequest): Promise<void> {
  const { destination } = request;
  const runs = begun.length === 0 ? [] : await logBasedTables({ ...request, tables: begun.map(({ table }) => table) });
  for (const run of runs) {
    const loading = begun.find(({ table }) => table === run.target.table)?.loading;
    if (loading !== undefined) await begin(run, loading);
  }
  for (const change of changes) await applyChange(destination, change);
}

async function begin(run: LogBasedReplication, { version, identity, stream, units }: ExportedLoading): Promise<void> {
  if (stream === null) throw new TributaryError('BUG', `${run.target.table} begins without a stream`);
  const base = nextBase({ state: null, units, nowMs: run.clock.now() });
  const { arn: streamArn, laneCount } = stream;
  const bookmarks = { version, base, identity, streamArn, laneCount, units };
  await beginFromBookmarks(run, { facts: await describeSource(run), bookmarks });
}

function wantedTables({ tables, source }: ExportedState, wanted: readonly string[]): readonly ExportedTable[] {
  const unknown = wanted.find((name) => !tables.some(({ table }) => table === name));
  if (unknown === undefined) return wanted.length === 0 ? tables : tables.filter(({ table }) => wanted.includes(table));
  throw new TributaryError('SELECTION_INVALID', `The file has no table ${unknown}; it is of source ${source}`, {
    hint: `It has: ${tables.map(({ table }) => table).join(', ') || 'none'}`,
  });
}

/** Bookmarks belong to rows: those of one version say nothing about the rows of another. */
function requireSameVersion({ table, loading }: TableState, exported: ExportedLoading): void {
  const isSame =
    loading !== null &&
    loading.version === exported.version &&
    loading.base === exported.base &&
    loading.identity === exported.identity &&
    loading.stream?.arn === exported.stream?.arn;
  if (isSame) return;
  throw new TributaryError('STATE_NOT_EDITABLE', `The destination has another version of ${table} than the file`, {
    hint:
      'It was reset, or read again after a gap, since the file was written, or it is another destination. ' +
      'Leave the table out with --table, or go back with `tributary state rewind`',
  });
}

/** A Scan that has ended since needs no bookmarks any more. */
function fittingUnits({ table, loading }: TableState, units: readonly NewUnit[]): readonly NewUnit[] {
  const isSegment = ({ unit }: NewUnit): boolean => parseSegmentUnit(unit) !== null;
  const totals = new Set(units.flatMap(({ unit }) => parseSegmentUnit(unit)?.totalSegments ?? []));
  if (loading === null || loading.totalSegments === 0) return units.filter((unit) => !isSegment(unit));
  if ([...totals].every((total) => total === loading.totalSegments)) return units;
  throw new TributaryError('STATE_NOT_EDITABLE', `The Scan of ${table} has other segments than the file`, {
    hint: 'The table was read again since the file was written: leave it out with --table',
  });
}
