import type { Simulator } from '../../src/simulator/simulator.ts';
import type { DynamoItem } from './dynamo-item.ts';

interface ForestOptions {
  readonly table: string;
  readonly chainCount: number;
  /** Shards of a chain, each the parent of the next; the last one is open. */
  readonly depth: number;
}

/**
 * Creates a table with the key `id` whose stream has `chainCount` lineages of `depth` shards. Every generation of shards
 * writes all keys again or deletes them, so that whoever reads a child before its parent ends wrong. Returns the keys.
 */
export function growShardForest(
  simulator: Simulator,
  { table, chainCount, depth }: ForestOptions,
): readonly DynamoItem[] {
  const { tables, streams } = simulator;
  tables.create({
    TableName: table,
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
  streams.setInitialShards(table, chainCount);
  streams.setRollEvery(table, null);
  const keys = Array.from({ length: 2 * chainCount }, (_, number) => ({ id: { S: `item ${number}` } }));
  for (let generation = 1; generation <= depth; generation += 1) {
    if (generation > 1) streams.rollAll(table);
    const isDeleted = (number: number): boolean => (number + generation) % 7 === 0;
    tables.putItems(
      table,
      keys.map((key) => ({ ...key, generation: { N: String(generation) } })),
    );
    tables.deleteItems(
      table,
      keys.filter((_, number) => isDeleted(number)),
    );
  }
  return keys;
}
