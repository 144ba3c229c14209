import { createConnection } from '../connection/clients.ts';
import type { CatalogEntry } from '../discovery/catalog.ts';
import { discoverTables } from '../discovery/discover.ts';
import type { ConnectionOptions } from '../model/connection-options.ts';
import type { Clock } from '../platform/clock.ts';
import { plural } from '../platform/format.ts';
import type { Logger } from '../platform/logger.ts';

export interface DiscoverRequest {
  readonly connection: ConnectionOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** All tables of the account and region, by name, also those that cannot be replicated. */
export async function discover({
  connection: options,
  clock,
  log,
  signal,
}: DiscoverRequest): Promise<readonly CatalogEntry[]> {
  const connection = createConnection(options, { clock });
  try {
    const entries = await discoverTables(connection, { clock, signal });
    const unsupported = entries.filter((entry) => entry.unsupported !== null);
    log.at('tap').info(`Discovered ${plural(entries.length, 'table')}, ${unsupported.length} of them unsupported`);
    for (const { unsupported: reason } of unsupported) log.at('tap').warning(reason?.message ?? '');
    return entries;
  } finally {
    connection.close();
  }
}
