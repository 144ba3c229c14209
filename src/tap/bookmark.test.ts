import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gap } from '../../test/support/stream-samples.ts';
import { afterKey, type Position, shardPosition } from '../model/position.ts';
import type { TableKey } from '../model/table.ts';
import { segmentUnit, shardUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { silentLogger } from '../platform/logger.ts';
import { initialSchema } from '../schema/merge.ts';
import { formatTapState, parseTapState } from '../singer/tap-state.ts';
import { bookmarkOf, tapKeyOf } from './bookmark.ts';
import { resumeFromBookmark } from './resume.ts';
import type { TableProgress } from './table-progress.ts';
import type { TapLoading } from './tap-ledger.ts';

const KEY: TableKey = [
  { name: 'pk', type: 'B' },
  { name: 'sk', type: 'N' },
];

const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const keyText = fc
  .record({
    pk: base64,
    sk: fc.oneof(fc.integer().map(String), fc.constant('1234567890123456789012345678901234567.8')),
  })
  .map(({ pk, sk }) => JSON.stringify({ pk: { B: pk }, sk: { N: sk } }));
const segmentPosition = fc.oneof(fc.constantFrom<Position>('start', 'end'), keyText.map(afterKey));
const number = fc.bigInt({ min: 1n, max: 10n ** 39n }).map(String);
const shardPlace = fc.oneof(
  fc.constantFrom<Position>('start', 'end'),
  number.map((text) => shardPosition('at', text)),
  number.map((text) => shardPosition('after', text)),
);
const segments = fc.array(segmentPosition, { maxLength: 4 }).map((positions) =>
  positions.map(
    (position, segment): UnitState => ({
      unit: segmentUnit({ segment, totalSegments: positions.length }),
      ...{ position, shard: null, epoch: 0 },
    }),
  ),
);
const time = fc.integer({ min: 0, max: 2_000_000_000_000 });
const base = fc.bigInt({ min: 1n, max: 10n ** 18n });
const shards = fc
  .array(fc.record({ position: shardPlace, parent: fc.nat(8), verifiedThroughMs: time, firstListedAtMs: time }), {
    maxLength: 8,
  })
  .map((list) =>
    list.map(
      ({ position, parent, ...times }, index): UnitState => ({
        unit: shardUnit(`shardId-${index}`),
        ...{ position, epoch: 0 },
        shard: { parent: parent === 0 ? null : `shardId-${parent}`, lane: index % 3, sequence: 0n, ...times },
      }),
    ),
  );

/** Any state that a table can be in. */
const progress = fc
  .record({
    ...{ segments, shards, base, singerVersion: fc.integer({ min: 1, max: 2_000_000_000_000 }) },
    isFollowed: fc.boolean(),
    phase: fc.constantFrom('snapshotting', 'following', 'resyncing', 'gap', 'failed'),
    placement: fc.constantFrom('aside', 'live'),
    hasLive: fc.boolean(),
    hasGap: fc.boolean(),
    rowCount: fc.nat(),
  })
  .map((drawn): TableProgress => {
    const { base: ofVersion, singerVersion, isFollowed, rowCount } = drawn;
    const parts = { singerVersion, key: KEY };
    const schema = initialSchema(KEY);
    const units = [...drawn.segments, ...(isFollowed ? drawn.shards : [])].map((unit) => ({
      ...unit,
      shard: unit.shard && { ...unit.shard, sequence: ofVersion },
    }));
    const loading: TapLoading = {
      ...{ version: 2, base: ofVersion, identity: 'table-1', layout: '{"key":[]}', rowCount, schema, parts },
      ...{ startedAtMs: 1, lastCommitAtMs: 2 },
      placement: isFollowed ? drawn.placement : 'aside',
      phase: isFollowed ? drawn.phase : null,
      stream: isFollowed ? { arn: 'arn:stream', laneCount: 32, gapCount: 1, gapEndMs: 5 } : null,
      units: new Map(units.map((unit) => [unit.unit, unit])),
    };
    const live = { version: 1, base: ofVersion, sinceMs: 3, rowCount: 0, schema, parts };
    return {
      ledger: {
        ...{ source: '', table: 'orders', destinationSchema: '', destinationTable: 'orders', loading },
        live: drawn.hasLive ? live : null,
        ...{ highestBase: ofVersion, highestEpoch: 0, lastResyncAtMs: 7, resetRequested: false },
      },
      gap: drawn.hasGap ? gap('g1') : null,
      succeededAtMs: null,
    };
  });

describe('a bookmark', () => {
  test('gives back the state of its table, whatever that is, without asking the source', async () => {
    await fc.assert(
      fc.asyncProperty(progress, fc.boolean(), async (given, keepsTypes) => {
        const method = given.ledger.loading?.stream === null ? 'FULL_TABLE' : 'LOG_BASED';
        const bookmark = bookmarkOf(given, { was: null, method, keepsTypes, nowMs: 100 });
        const written = JSON.stringify(
          formatTapState({ bookmarks: new Map([['orders', bookmark]]), rest: {} }, 'orders'),
        );
        const read = parseTapState(JSON.parse(written)).bookmarks.get('orders');
        const resumed = read && (await resumeFromBookmark(read, { table: 'orders', method, ...SOURCELESS }));
        expect({ ...resumed, succeededAtMs: null }).toEqual(given);
      }),
      { numRuns: 100 },
    );
  });

  test('has the key of a Scan as the Python tap writes it: bytes as text, and none where they are no text', () => {
    const units = (json: string, totalSegments = 1) => {
      const unit = segmentUnit({ segment: 0, totalSegments });
      return { units: new Map([[unit, { unit, position: afterKey(json), shard: null, epoch: 0 }]]) };
    };
    const keyIn = (given: ReturnType<typeof units>) => {
      const loading = { ...SAMPLE, ...given };
      const ledger = { ...EMPTY, loading };
      const options = { was: null, method: 'FULL_TABLE', keepsTypes: false, nowMs: 1 } as const;
      return bookmarkOf({ ledger, gap: null, succeededAtMs: null }, options).lastEvaluatedKey;
    };
    expect(keyIn(units('{"pk":{"B":"w6k="},"sk":{"N":"1.0"}}'))).toEqual({ pk: { B: 'é' }, sk: { N: '1.0' } });
    expect(keyIn(units('{"pk":{"B":"/w=="},"sk":{"N":"1"}}'))).toBeNull();
    expect(keyIn(units('{"pk":{"S":"a"}}', 2))).toBeNull();
  });
});

const SOURCELESS = {
  nowMs: 100,
  log: silentLogger,
  source: () => {
    throw new Error('Nobody asks for the source');
  },
};
const EMPTY = {
  ...{ source: '', table: 'orders', destinationSchema: '', destinationTable: 'orders', live: null },
  ...{ highestBase: 1n, highestEpoch: 0, lastResyncAtMs: null, resetRequested: false },
};
const SAMPLE: Omit<TapLoading, 'units'> = {
  ...{ version: 1, base: 1n, identity: 't', layout: 'l', rowCount: 0, schema: initialSchema(KEY), stream: null },
  ...{ startedAtMs: 1, lastCommitAtMs: 2, phase: null, parts: { singerVersion: 5, key: KEY } },
  placement: 'aside',
};

test('the key of an item may have an attribute of any name', () => {
  const unit = segmentUnit({ segment: 0, totalSegments: 1 });
  const text = '{"__proto__":{"S":"a"},"sk":{"N":"1"}}';
  const units = new Map([[unit, { unit, position: afterKey(text), shard: null, epoch: 0 }]]);
  expect(JSON.stringify(tapKeyOf({ units }))).toBe(text);
});
