import type { TableConfig } from '../config/tributary-config.ts';
import { TributaryError } from '../platform/errors.ts';
import { createSlots } from '../platform/slots.ts';
import { createReplications } from '../replication/create-replications.ts';
import type { LogBasedReplication } from '../replication/log-based-replication.ts';
import { createTableCounters } from '../replication/table-counters.ts';
import { chooseTables } from './choose-tables.ts';
import { replicatedTable, replicationSurroundings } from './replication-surroundings.ts';
import { destinationNames } from './sync.ts';
import type { TablesRequest } from './tables-request.ts';

/** Throws USAGE for the first table that is read completely by every run. */
export function requireLogBased(tables: readonly Pick<TableConfig, 'table' | 'method'>[]): void {
  const other = tables.find(({ method }) => method !== 'LOG_BASED');
  if (other === undefined) return;
  const { table } = other;
  throw new TributaryError('USAGE', `${table} is selected as FULL_TABLE: it has no stream to follow`, {
    hint: `Every run reads it completely; to follow it: tributary select ${table} --method LOG_BASED`,
  });
}

/**
 * How LOG_BASED tables are replicated, for what a person does to them outside of a run. Rejects with the error of the first
 * table that cannot follow its stream as it is selected.
 */
export async function logBasedTables(request: TablesRequest): Promise<readonly LogBasedReplication[]> {
  const { chosen, refused } = await chooseTables(request);
  const [error] = refused.values();
  if (error !== undefined) throw error;
  requireLogBased(chosen.map(({ config }) => config));
  const names = await destinationNames(request, chosen);
  const surroundings = replicationSurroundings({ ...request, names, allowShrink: false, onProgress: () => {} });
  const tables = chosen.map(replicatedTable);
  const replicationOf = createReplications(surroundings, tables);
  return tables.map((table) =>
    replicationOf(table, {
      counters: createTableCounters(table.table),
      signal: request.signal,
      scanSlots: createSlots(1),
      onCaughtUp: null,
    }),
  );
}
