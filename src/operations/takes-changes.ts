import type { ReplicationMethod } from '../config/tributary-config.ts';
import type { Capabilities } from '../model/capabilities.ts';
import { TributaryError } from '../platform/errors.ts';

/** Throws SELECTION_INVALID where a table is to follow its stream into a destination that takes whole tables only. */
export function checkTakesChanges(
  { table, method }: { readonly table: string; readonly method: ReplicationMethod },
  { source, capabilities }: { readonly source: string; readonly capabilities: Pick<Capabilities, 'changes'> },
): void {
  if (method === 'FULL_TABLE' || capabilities.changes !== 'none') return;
  const message = `${table} cannot be LOG_BASED: the destination of source ${source} cannot follow a stream in this version`;
  throw new TributaryError('SELECTION_INVALID', message, {
    hint:
      `Select it as FULL_TABLE: tributary select ${table} --method FULL_TABLE; ` +
      `or load source ${source} into a destination of type duckdb`,
    context: { table, source },
  });
}
