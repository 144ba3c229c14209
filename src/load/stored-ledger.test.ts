import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Gap } from '../model/gap.ts';
import { segmentUnit, shardUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { storedGap, storedLedger, storedText } from './stored-ledger.ts';
import type { TableLedger } from './table-ledger.ts';

const SCHEMA = {
  schemaVersion: 3,
  columns: [
    {
      attribute: 'id',
      columnName: 'id',
      evidence: { kinds: 1, integerDigits: 0, scale: 0, beyondInt64: false, doubleExact: true, family: 'text' },
    },
  ],
} as const;
const BASE = 1_700_000_000_000_000_000n;
const UNITS: readonly UnitState[] = [
  { unit: segmentUnit({ segment: 0, totalSegments: 2 }), position: 'after {"id":{"S":"é"}}', shard: null, epoch: 4 },
  {
    unit: shardUnit('shardId-1'),
    position: 'after 300000000000000000302',
    shard: { sequence: BASE + 7n, verifiedThroughMs: 12, parent: null, lane: 1, firstListedAtMs: 5 },
    epoch: 5,
  },
  {
    unit: shardUnit('shardId-2'),
    position: 'start',
    shard: { sequence: BASE, verifiedThroughMs: 0, parent: 'shardId-1', lane: 1, firstListedAtMs: 6 },
    epoch: 0,
  },
];

const ledger: TableLedger<{ readonly rows: number }> = {
  source: 'shop',
  table: 'orders/by-customer',
  destinationSchema: 'shop',
  destinationTable: 'orders__by_customer',
  live: { version: 2, base: BASE, sinceMs: 1, rowCount: 10, schema: SCHEMA, parts: { rows: 12 } },
  loading: {
    ...{ version: 2, base: BASE, placement: 'live', identity: 'table-1', layout: '{}', startedAtMs: 1 },
    ...{ lastCommitAtMs: 2, rowCount: 12, phase: 'resyncing', schema: SCHEMA, parts: { rows: 12 } },
    stream: { arn: 'arn:aws:dynamodb:eu-west-1:1:table/orders/stream/x', laneCount: 4, gapCount: 1, gapEndMs: 9 },
    units: new Map(UNITS.map((state) => [state.unit, state])),
  },
  highestBase: BASE,
  highestEpoch: 5,
  lastResyncAtMs: 8,
  resetRequested: false,
};
const parts = z.object({ rows: z.number() });

describe('storedLedger', () => {
  test('reads back what was written, of a table that follows its stream and of one that was never loaded', () => {
    for (const each of [ledger, { ...ledger, live: null, loading: null, lastResyncAtMs: null }]) {
      expect(storedLedger(parts).parse(JSON.parse(storedText(each)))).toEqual(each);
    }
  });

  test.each([
    ['a position that there is not', { position: 'behind 7' }],
    ['a sequence that is no whole number', { shard: { ...UNITS[1]?.shard, sequence: '1.5' } }],
    ['a shard without a lane', { shard: { sequence: '1', verifiedThroughMs: 0, parent: null, firstListedAtMs: 0 } }],
  ])('refuses %s', (_what, changed) => {
    const stored = JSON.parse(storedText(ledger));
    Object.assign(stored.loading.units[1], changed);
    expect(storedLedger(parts).safeParse(stored).success).toBe(false);
  });

  test('gaps are read back, too', () => {
    const gap: Gap = {
      ...{ gapId: 'gap-1', source: 'shop', table: 'orders', version: 2, kind: 'shard-lost', streamArn: 'arn' },
      ...{ shard: 'shardId-1', fromMs: null, toMs: 5, detectedAtMs: 6, detail: 'Shard is gone', reaction: 'resync' },
      resolvedAtMs: null,
    };
    expect(storedGap.parse(JSON.parse(storedText(gap)))).toEqual(gap);
    expect(storedGap.safeParse({ ...gap, kind: 'unheard-of' }).success).toBe(false);
  });
});
