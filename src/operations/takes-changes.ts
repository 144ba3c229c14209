import type { TableConfig } from '../config/tributary-config.ts';
import { destinationTypes } from '../load/registry.ts';
import type { Capabilities } from '../model/capabilities.ts';
import { TributaryError } from '../platform/errors.ts';

export type ChangeCapabilities = Pick<Capabilities, 'changes' | 'hardDeletes'>;

/**
 * Rejects with SELECTION_INVALID where a table is to follow its stream into a destination that takes whole tables only, or
 * that cannot remove rows although it shall.
 */
export async function checkTakesChanges(
  { table, method, deletes }: Pick<TableConfig, 'table' | 'method' | 'deletes'>,
  { source, capabilities }: { readonly source: string; readonly capabilities: ChangeCapabilities },
): Promise<void> {
  if (method === 'FULL_TABLE') return;
  const context = { table, source };
  if (capabilities.changes === 'none') {
    const what = `${table} cannot be LOG_BASED: the destination of source ${source} cannot follow a stream in this version`;
    throw new TributaryError('SELECTION_INVALID', what, {
      hint:
        `Select it as FULL_TABLE: tributary select ${table} --method FULL_TABLE; ` +
        (await otherDestination(source, ({ changes }) => changes !== 'none')),
      context,
    });
  }
  if (deletes === 'hard' && !capabilities.hardDeletes) {
    const what = `${table} cannot have deletes: hard: the destination of source ${source} cannot remove rows`;
    throw new TributaryError('SELECTION_INVALID', what, {
      hint:
        `Let the rows of deleted items be marked: tributary select ${table} --deletes soft; ` +
        (await otherDestination(source, ({ changes, hardDeletes }) => changes !== 'none' && hardDeletes)),
      context,
    });
  }
}

async function otherDestination(source: string, fits: (capabilities: Capabilities) => boolean): Promise<string> {
  const types = (await destinationTypes()).filter(({ capabilities }) => fits(capabilities)).map(({ type }) => type);
  return `or load source ${source} into a destination of type ${types.join(' or ')}`;
}
