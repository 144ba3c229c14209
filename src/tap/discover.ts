import type { Connection } from '../connection/clients.ts';
import { discoverTables } from '../discovery/discover.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { catalogOf } from '../singer/catalog.ts';
import type { SingerOutput } from './output.ts';

/** What both commands of the tap work in. */
export interface TapSurroundings {
  readonly output: SingerOutput;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Writes the catalog of the tables of the account and region. Tables that cannot be replicated are not in it; the log says
 * why. Resolves to null; rejects with TABLE_NOT_FOUND where there is none.
 */
export async function writeCatalog(
  connection: Connection,
  { output, clock, log, signal }: TapSurroundings,
): Promise<null> {
  log.info('Starting discover');
  const entries = await discoverTables(connection, { clock, signal });
  const tables = [];
  for (const { name, table, unsupported } of entries) {
    if (table !== null && unsupported === null) tables.push(table);
    else log.warning(`${name} is not in the catalog: ${unsupported?.message ?? 'it cannot be described'}`);
  }
  if (tables.length === 0) {
    const { region, endpoint } = connection.options;
    const place = endpoint === null ? region : `${region} at ${endpoint}`;
    const found = entries.length === 0 ? 'has no table' : 'has no table that can be replicated';
    throw new TributaryError('TABLE_NOT_FOUND', `No streams found: the account ${found} in ${place}`, {
      hint: 'Check region_name and the account of the role',
    });
  }
  await output.write(Buffer.from(JSON.stringify(catalogOf(tables), null, 2)));
  log.info(`Finished discover: ${tables.length} of ${entries.length} tables`);
  return null;
}
