import type { Simulator } from '../../src/simulator/simulator.ts';
import type { Random } from './random.ts';

export const TABLE = 'orders';
const KEY_COUNT = 12;

/** Writes to the table: every put carries a greater `v` than all before it. */
export interface Writer {
  write(count: number): void;
  /** With other things in between. */
  writeSlowly(count: number, between: () => void): Promise<void>;
}

export function createWriter({ simulator, random }: { simulator: Simulator; random: Random }): Writer {
  const { tables, streams } = simulator;
  tables.create({
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  streams.setInitialShards(TABLE, random.integer(1, 3));
  // The random part of a history rolls them.
  streams.setRollEvery(TABLE, null);
  let version = 0;

  const writeOne = (): void => {
    const key = { pk: { S: `key-${random.integer(1, KEY_COUNT)}` } };
    if (random.chance(0.25)) tables.deleteItems(TABLE, [key]);
    else if (random.chance(0.05)) streams.expireItems(TABLE, [key]);
    else {
      version += 1;
      const extra = random.chance(0.5) ? { [`a${random.integer(1, 3)}`]: { S: `text ${version}` } } : {};
      tables.putItems(TABLE, [{ ...key, v: { N: String(version) }, ...extra }]);
    }
  };
  return {
    write: (count) => {
      for (let index = 0; index < count; index++) writeOne();
    },
    async writeSlowly(count, between) {
      for (let index = 0; index < count; index++) {
        writeOne();
        if (random.chance(0.15)) between();
        const turns = random.integer(0, 3);
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
      }
    },
  };
}
