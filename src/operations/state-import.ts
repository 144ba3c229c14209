import type { TableState } from '../model/table-state.ts';
import { parseSegmentUnit } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import { beginFromBookmarks, type ForeignBookmarks } from '../replication/begin-from-bookmarks.ts';
import { describeSource } from '../replication/log-based.ts';
import type { LogBasedReplication, StreamFacts } from '../replication/log-based-replication.ts';
import { type ExportedState, type ExportedTable, parseStateFile } from '../state/exported-state.ts';
import { nextBase } from '../state/next-base.ts';
import { logBasedTables } from './log-based-tables.ts';
import { applyChange, changeOf, readEditable, type StateChange } from './state-change.ts';
import { tableByTable } from './table-by-table.ts';
import type { TablesRequest } from './tables-request.ts';

type ExportedLoading = NonNullable<ExportedTable['loading']>;

/** What an import comes to. */
export interface StateImport {
  readonly exportedAtMs: number;
  /** Tables that the destination has, in the version of the file. */
  readonly changes: readonly StateChange[];
  /** Tables that begin at the bookmarks of the file, without the rows that were loaded before. */
  readonly begun: readonly BegunTable[];
  /** Tables without bookmarks: every run reads them completely. */
  readonly skipped: readonly string[];
}

interface BegunTable {
  readonly table: string;
  readonly run: LogBasedReplication;
  readonly facts: StreamFacts;
  readonly bookmarks: ForeignBookmarks;
}

/**
 * Works out what importing a file of `state export` comes to; `tables` are those of the file. Changes nothing. Rejects with
 * STATE_INVALID when it is no such file, and with STATE_NOT_EDITABLE for a table that the destination has in another version.
 */
export async function planImport(text: string, request: TablesRequest): Promise<StateImport> {
  const { source, destination, clock } = request;
  const file = parseStateFile(text);
  const known = new Map((await destination.runStore.readTables(source.name)).map((state) => [state.table, state]));
  const changes: StateChange[] = [];
  const starts = new Map<string, ForeignBookmarks>();
  const skipped: string[] = [];
  for (const { table, loading } of wantedTables(file, request.tables)) {
    const state = known.get(table);
    if (loading === null || loading.stream === null) skipped.push(table);
    else if (state === undefined) starts.set(table, startOf(loading, { ...loading.stream, nowMs: clock.now() }));
    else {
      requireSameVersion(state, loading);
      const editable = await readEditable(destination, { source: source.name, table });
      changes.push(changeOf(editable, fittingUnits(state, loading.units), clock.now()));
    }
  }
  const begun: BegunTable[] = [];
  // That they can be followed at all is found out before anything is changed.
  for (const run of starts.size === 0 ? [] : await logBasedTables({ ...request, tables: [...starts.keys()] })) {
    const { table } = run.target;
    const bookmarks = starts.get(table);
    if (bookmarks !== undefined) begun.push({ table, run, facts: await describeSource(run), bookmarks });
  }
  return { exportedAtMs: file.exportedAtMs, changes, begun, skipped };
}

/** Makes it so. When a table fails, the error says which are done already. */
export async function applyImport(
  { changes, begun }: StateImport,
  { destination }: Pick<TablesRequest, 'destination'>,
): Promise<void> {
  await tableByTable([
    ...begun.map(({ table, run, ...start }) => ({ table, make: () => beginFromBookmarks(run, start) })),
    ...changes.map((change) => ({ table: change.table, make: () => applyChange(destination, change) })),
  ]);
}

function startOf(
  { version, identity, units }: ExportedLoading,
  { arn: streamArn, laneCount, nowMs }: { readonly arn: string; readonly laneCount: number; readonly nowMs: number },
): ForeignBookmarks {
  return { version, base: nextBase({ state: null, units, nowMs }), identity, streamArn, laneCount, units };
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
