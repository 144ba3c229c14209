import type { SourceConfig } from '../config/tributary-config.ts';
import type { ReplicatedTable, ReplicationSurroundings } from '../replication/create-replications.ts';
import type { ChosenTable } from './choose-tables.ts';

/**
 * Tables that are scanned at the same time. Small tables spend their time waiting for answers and commits; more than a few
 * at once only divides the memory that large tables need for large commits.
 */
export const TABLE_CONCURRENCY = 3;

/** What tables are replicated in, as the configuration of their source says. */
export function replicationSurroundings({
  source,
  connection,
  destination,
  names,
  allowShrink,
  clock,
  log,
  onProgress,
}: Omit<ReplicationSurroundings, 'source' | 'limits' | 'shards'> & {
  readonly source: SourceConfig;
}): ReplicationSurroundings {
  const { maxConcurrency, readCapacity, flushIntervalMs } = source;
  return {
    source: source.name,
    limits: { maxConcurrency, readCapacity, flushIntervalMs, segments: null, tableConcurrency: TABLE_CONCURRENCY },
    shards: 'open',
    ...{ connection, destination, names, allowShrink, clock, log, onProgress },
  };
}

export function replicatedTable({ config, projection }: ChosenTable): ReplicatedTable {
  return { ...config, projection };
}
