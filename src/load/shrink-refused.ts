import type { LoadingVersion } from '../model/table-state.ts';
import { TributaryError } from '../platform/errors.ts';
import type { LoadTarget } from './destination.ts';

/** The error that a version is refused with which would take more than half of the rows away from readers. */
export function shrinkRefused(
  { source, table }: LoadTarget,
  facts: Pick<LoadingVersion, 'version' | 'rowCount' | 'placement'> & { readonly liveRowCount: number },
): TributaryError {
  const { version, rowCount, liveRowCount, placement } = facts;
  const context = { source, table, version, rowCount, liveRowCount };
  if (placement === 'live') {
    const message = `Reading ${source}.${table} again has found ${rowCount} of its ${liveRowCount} rows`;
    const hint = 'If the others are gone, run again with --allow-shrink; until then none is deleted';
    return new TributaryError('SHRINK_REFUSED', message, { hint, context });
  }
  const message = `Version ${version} of ${source}.${table} has ${rowCount} rows, the live one has ${liveRowCount}`;
  return new TributaryError('SHRINK_REFUSED', message, { context });
}
