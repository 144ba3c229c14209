import type { ReplicationMethod, TableConfig } from './tributary-config.ts';

/** What an absent option of a table means. */
export const TABLE_DEFAULTS = {
  projection: null,
  expressionAttributes: {},
  consistentRead: false,
  stripGlobalTableAttributes: false,
  deletes: 'soft',
  keepLastImage: false,
  ttlDeletes: 'replicate',
  onGap: 'resync',
} as const satisfies Omit<TableConfig, 'table' | 'method'>;

/** Options, as the file names them, that are about changes: they mean nothing where every run replaces the table. */
export const CHANGE_OPTIONS = ['deletes', 'keep_last_image', 'ttl_deletes', 'on_gap'] as const;

export function defaultTable(table: string, method: ReplicationMethod): TableConfig {
  return { table, method, ...TABLE_DEFAULTS };
}
