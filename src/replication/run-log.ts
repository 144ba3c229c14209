import type { PhaseResult, RunRecord, TableRun } from '../model/run.ts';
import { plural } from '../platform/format.ts';
import type { Logger } from '../platform/logger.ts';

type RunStart = Pick<RunRecord, 'runId' | 'source'> & { readonly tableCount: number };

/** The first line of a run in its log. */
export function logRunStart({ runId, source, tableCount }: RunStart, log: Logger): void {
  log.info(`Run ${runId} of source ${source}: ${plural(tableCount, 'table')} selected`);
}

/** What the run came to. */
export function logRunSummary(record: RunRecord, log: Logger): void {
  const { tables, discovery, extraction, load } = record;
  const failed = tables.filter(({ outcome }) => outcome !== 'succeeded').length;
  const loaded = `${plural(sumOf(tables, 'rowsLoaded'), 'row')} loaded and ${sumOf(tables, 'rowsDeleted')} deleted`;
  log.info(`${readingOf(record)}, ${loaded}, ${failed} of ${plural(tables.length, 'table')} not replicated`);
  log.info(`Exit status: discovery ${statusOf(discovery)}, tap ${statusOf(extraction)}, target ${statusOf(load)}`);
}

/** What was read of all tables, how long it took and what it cost. */
export function readingOf({ tables, startedAtMs, endedAtMs }: RunRecord): string {
  const read = `${plural(sumOf(tables, 'rowsRead'), 'row')} and ${plural(sumOf(tables, 'changesRead'), 'change')} read`;
  const seconds = (((endedAtMs ?? startedAtMs) - startedAtMs) / 1000).toFixed(1);
  const units = sumOf(tables, 'capacityUnits').toFixed(1);
  const throttles = plural(sumOf(tables, 'throttleCount'), 'throttle');
  return `${read} in ${seconds} s with ${units} read capacity units and ${throttles}`;
}

type Count = 'rowsRead' | 'changesRead' | 'rowsLoaded' | 'rowsDeleted' | 'capacityUnits' | 'throttleCount';

function sumOf(tables: readonly TableRun[], count: Count): number {
  return tables.reduce((total, table) => total + table[count], 0);
}

function statusOf({ exitStatus, message }: PhaseResult): string {
  return `${exitStatus ?? 'running'}${message === null ? '' : ` (${message})`}`;
}
