import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ListedShard } from '../../connection/stream-calls.ts';
import { createShardTree, type KnownShard, type ListingOutcome, type ShardTree } from './shard-tree.ts';

const HOUR_MS = 3_600_000;
const AWS_NOW_MS = Date.UTC(2026, 5, 1);
const NOTHING: ListingOutcome = { opened: [], orphans: [], missing: [], pruned: [] };

const listed = (shardId: string, parentShardId: string | null = null, isOpen = true): ListedShard => ({
  shardId,
  parentShardId,
  startingSequenceNumber: `1${shardId.length}`,
  endingSequenceNumber: isOpen ? null : '99',
});
const known = (shardId: string, parentShardId: string | null, isFinished: boolean): KnownShard => ({
  ...{ shardId, parentShardId, isFinished },
  ...{ verifiedThroughMs: AWS_NOW_MS, firstListedAtMs: AWS_NOW_MS - HOUR_MS },
});
/** A finished shard that was verified last so many hours ago. */
const ended = (shardId: string, hoursAgo: number, parentShardId: string | null = null): KnownShard => ({
  ...known(shardId, parentShardId, true),
  verifiedThroughMs: AWS_NOW_MS - hoursAgo * HOUR_MS,
});
/** A full listing that was begun just before, so many seconds after the start of the test. */
function list(
  tree: ShardTree,
  seconds: number,
  shards: readonly ListedShard[],
  stream = { isEnding: false },
): ListingOutcome {
  const times = { nowMs: seconds * 1_000, awsNowMs: AWS_NOW_MS + seconds * 1_000 };
  return tree.takeListing({ shards, childrenOf: null, mark: tree.beginListing(), ...stream, ...times });
}
const ids = (shards: readonly { readonly shardId: string }[]): readonly string[] =>
  shards.map(({ shardId }) => shardId);

describe('children', () => {
  test('of a finished shard are opened where they begin, with what their parent is verified through', () => {
    const tree = createShardTree([known('p', null, true)]);
    const { opened } = list(tree, 5, [listed('p', null, false), listed('left', 'p'), listed('right', 'p')]);
    expect(opened).toEqual([
      {
        ...{ shardId: 'left', parentShardId: 'p', position: 'at 14', verifiedThroughMs: AWS_NOW_MS },
        firstListedAtMs: AWS_NOW_MS + 5_000,
      },
      expect.objectContaining({ shardId: 'right', position: 'at 15' }),
    ]);
    expect(tree.isReadable('left')).toBe(true);
    expect(list(tree, 6, [listed('left', 'p')]).opened).toEqual([]);
  });

  test('wait for the end of their parent, also when listings have lost them by then', () => {
    const tree = createShardTree([known('p', null, false)]);
    expect(list(tree, 0, [listed('p'), listed('c', 'p'), listed('g', 'c')])).toEqual(NOTHING);
    expect(list(tree, 60, [listed('p')])).toEqual(NOTHING);
    expect(ids(tree.finish('p', AWS_NOW_MS).children)).toEqual(['c']);
    expect(tree.isReadable('c')).toBe(true);
    expect(ids(tree.finish('c', AWS_NOW_MS).children)).toEqual(['g']);
  });

  test('that are part of the state become readable when their parent ends', () => {
    const tree = createShardTree([known('p', null, false), known('c', 'p', false)]);
    expect(tree.isReadable('c')).toBe(false);
    expect(tree.finish('p', AWS_NOW_MS)).toEqual({
      children: [],
      waiting: [{ shardId: 'c', verifiedThroughMs: AWS_NOW_MS }],
    });
    expect(tree.isReadable('c')).toBe(true);
  });

  test('of a shard that is no part of the state any more are readable', () => {
    expect(createShardTree([known('c', 'gone', false)]).isReadable('c')).toBe(true);
  });

  test('come before their parent in a listing, and twice', () => {
    const tree = createShardTree([known('p', null, true)]);
    const shards = [listed('g', 'c'), listed('c', 'p', false), listed('c', 'p'), listed('p', null, false)];
    expect(ids(list(tree, 0, shards).opened)).toEqual(['c']);
    expect(tree.isClosed('c')).toBe(true);
  });
});

describe('the search for children', () => {
  test('ends when a listing that was begun after its end shows one, and a moment later no other', () => {
    const tree = createShardTree([known('p', null, false)]);
    const early = tree.beginListing();
    tree.finish('p', AWS_NOW_MS);
    const times = { isEnding: false, nowMs: 0, awsNowMs: AWS_NOW_MS };
    // Of two halves the early listing may show one only.
    expect(
      ids(tree.takeListing({ shards: [listed('left', 'p')], childrenOf: null, mark: early, ...times }).opened),
    ).toEqual(['left']);
    expect([...tree.searched.keys()]).toEqual(['p']);
    const both = [listed('left', 'p'), listed('right', 'p')];
    expect(ids(list(tree, 1, both).opened)).toEqual(['right']);
    list(tree, 3, both);
    expect([...tree.searched.keys()]).toEqual(['p']);
    list(tree, 3.5, both);
    expect(tree.searched.size).toBe(0);
  });

  test('does not end while the stream goes on and the shard cannot have expired, however many listings show none', () => {
    const tree = createShardTree([known('p', null, true)]);
    for (const seconds of [0, 10, 60, 22.9 * 3_600]) list(tree, seconds, [listed('p', null, false)]);
    expect([...tree.searched.keys()]).toEqual(['p']);
    expect(ids(list(tree, 22.95 * 3_600, [listed('c', 'p')]).opened)).toEqual(['c']);
    list(tree, 22.95 * 3_600 + 3, [listed('c', 'p')]);
    expect(tree.searched.size).toBe(0);
  });

  test.each([
    ['of a stream that ends', known('p', null, true), { isEnding: true }],
    ['after which its children can have expired, too,', ended('p', 24), { isEnding: false }],
  ])('%s ends when two full listings ten seconds apart have shown none', (_, shard, stream) => {
    const tree = createShardTree([shard]);
    for (const seconds of [0, 5, 9.9]) list(tree, seconds, [listed('p', null, false)], stream);
    expect(tree.searched.size).toBe(1);
    list(tree, 10, [listed('p', null, false)], stream);
    expect(tree.searched.size).toBe(0);
    expect(ids(list(tree, 70, [listed('c', 'p')]).opened)).toEqual(['c']);
  });

  test('counts no listing from before the stream ended', () => {
    const tree = createShardTree([known('p', null, true)]);
    for (const seconds of [0, 60]) list(tree, seconds, []);
    list(tree, 70, [], { isEnding: true });
    expect(tree.searched.size).toBe(1);
    list(tree, 80, [], { isEnding: true });
    expect(tree.searched.size).toBe(0);
  });

  test('does not end by a hint without any', () => {
    const tree = createShardTree([ended('p', 24)]);
    for (const seconds of [0, 20, 40]) {
      const times = { isEnding: false, nowMs: seconds * 1_000, awsNowMs: AWS_NOW_MS };
      tree.takeListing({ shards: [], childrenOf: 'p', mark: tree.beginListing(), ...times });
    }
    expect(tree.searched.size).toBe(1);
  });
});

describe('a shard that nothing known leads to', () => {
  test('is an orphan when two listings ten seconds apart agree', () => {
    const tree = createShardTree([known('p', null, true), known('c', 'p', false)]);
    const shards = [listed('p'), listed('c', 'p'), listed('lost child', 'lost parent')];
    expect(list(tree, 0, shards).orphans).toEqual([]);
    expect(tree.orphanCount()).toBe(1);
    expect(list(tree, 9, shards).orphans).toEqual([]);
    expect(list(tree, 10, shards).orphans).toEqual(['lost child']);
  });

  test('is none when its parent was only missing from one listing', () => {
    const tree = createShardTree([known('p', null, true)]);
    list(tree, 0, [listed('p'), listed('g', 'c')]);
    expect(tree.orphanCount()).toBe(1);
    const { opened, orphans } = list(tree, 20, [listed('p'), listed('c', 'p', false), listed('g', 'c')]);
    expect({ opened: ids(opened), orphans }).toEqual({ opened: ['c'], orphans: [] });
    expect(tree.orphanCount()).toBe(0);
  });

  test('is none when it was only in one listing', () => {
    const tree = createShardTree([known('p', null, false)]);
    list(tree, 0, [listed('p'), listed('ghost', 'gone')]);
    expect(list(tree, 20, [listed('p')])).toEqual(NOTHING);
    expect(tree.orphanCount()).toBe(0);
  });

  test('is one without a parent that was not captured', () => {
    const tree = createShardTree([known('p', null, false)]);
    list(tree, 0, [listed('p'), listed('new root')]);
    expect(list(tree, 10, [listed('p'), listed('new root')]).orphans).toEqual(['new root']);
  });

  test('is one that comes after its own child was read', () => {
    const tree = createShardTree([known('p', null, true), known('g', 'c', false)]);
    const shards = [listed('p'), listed('c', 'p', false), listed('g', 'c')];
    expect(list(tree, 0, shards).opened).toEqual([]);
    expect(list(tree, 10, shards).orphans).toEqual(['c']);
  });
});

describe('shards that are not listed', () => {
  test('are missing when they can be read', () => {
    const tree = createShardTree([known('p', null, false), known('c', 'p', false), known('q', null, true)]);
    expect(list(tree, 0, [])).toEqual({ ...NOTHING, missing: ['p'] });
  });

  test('are pruned when they ended a day ago, have a child, and stay missing', () => {
    const tree = createShardTree([ended('p', 23), known('c', 'p', false)]);
    expect(list(tree, 0, [listed('c', 'p')]).pruned).toEqual([]);
    expect(list(tree, 59, [listed('c', 'p')]).pruned).toEqual([]);
    expect(list(tree, 60, [listed('c', 'p')]).pruned).toEqual(['p']);
    expect(tree.isReadable('c')).toBe(true);
  });

  test('are kept while they cannot have expired, however often listings lack them', () => {
    const tree = createShardTree([ended('p', 22), known('c', 'p', false)]);
    for (const seconds of [0, 60, 120]) expect(list(tree, seconds, [listed('c', 'p')]).pruned).toEqual([]);
  });

  test('are kept when one listing in between has them', () => {
    const tree = createShardTree([ended('p', 24), known('c', 'p', false)]);
    list(tree, 0, [listed('c', 'p')]);
    list(tree, 30, [listed('p'), listed('c', 'p')]);
    expect(list(tree, 60, [listed('c', 'p')]).pruned).toEqual([]);
  });

  test('are kept while no child is part of the state, and before their parents', () => {
    const tree = createShardTree([ended('p', 30), ended('c', 26, 'p'), known('g', 'c', false)]);
    const barren = createShardTree([ended('p', 30)]);
    for (const seconds of [0, 60]) {
      expect(list(barren, seconds, []).pruned).toEqual([]);
      expect(list(tree, seconds, [listed('p'), listed('g', 'c')]).pruned).toEqual([]);
    }
  });

  test('are pruned by one listing when they ended more than a day and a half ago: short runs see no second one', () => {
    const tree = createShardTree([ended('p', 37), known('c', 'p', false)]);
    expect(list(tree, 0, [listed('c', 'p')]).pruned).toEqual(['p']);
  });

  test('are no orphans when a listing has them once more', () => {
    const tree = createShardTree([ended('p', 24), known('c', 'p', false)]);
    for (const seconds of [0, 60]) list(tree, seconds, [listed('c', 'p')]);
    for (const seconds of [61, 75]) expect(list(tree, seconds, [listed('p'), listed('c', 'p')])).toEqual(NOTHING);
  });
});

/** A forest that grows, and what a listing hides. No shard is hidden twice in a row. */
const steps = fc.array(
  fc.record({
    /** The shard that closes, by index among the open ones, and its number of children; none: nothing closes. */
    closes: fc.nat(50),
    children: fc.constantFrom(0, 1, 1, 2),
    hidden: fc.array(fc.nat(50), { maxLength: 4 }),
    reversed: fc.boolean(),
    /** Readable shards that are read to their end after the listing, if they are closed. */
    ends: fc.array(fc.nat(50), { maxLength: 4 }),
  }),
  { maxLength: 40 },
);

test('of any forest and any listings: every shard is opened once, after the end of its parent, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (rootCount, history) => {
      const shards = new Map<string, { parent: string | null; isClosed: boolean }>();
      for (let root = 0; root < rootCount; root++) shards.set(`${root}`, { parent: null, isClosed: false });
      const tree = createShardTree([...shards.keys()].map((shardId) => known(shardId, null, false)));
      const begun = new Set(shards.keys());
      const finished = new Set<string>();
      let hiddenBefore = new Set<string>();
      const open = (children: ListingOutcome['opened']): void => {
        for (const { shardId, parentShardId } of children) {
          expect(shards.get(shardId)?.parent).toBe(parentShardId);
          expect(finished.has(parentShardId)).toBe(true);
          expect(begun.has(shardId)).toBe(false);
          begun.add(shardId);
        }
      };
      const end = (shardId: string): void => {
        if (!tree.isReadable(shardId) || shards.get(shardId)?.isClosed !== true) return;
        finished.add(shardId);
        open(tree.finish(shardId, AWS_NOW_MS).children);
      };
      let seconds = 0;
      const listAll = (hidden: ReadonlySet<string>, reversed: boolean): void => {
        seconds += 11;
        const shown = [...shards].filter(([shardId]) => !hidden.has(shardId));
        const page = shown.map(([shardId, { parent, isClosed }]) => listed(shardId, parent, !isClosed));
        const { opened, orphans, pruned } = list(tree, seconds, reversed ? page.reverse() : page);
        expect(orphans).toEqual([]);
        expect(pruned).toEqual([]);
        open(opened);
        hiddenBefore = new Set(hidden);
      };
      for (const step of history) {
        const openShards = [...shards].filter(([, { isClosed }]) => !isClosed);
        const [closing, shard] = openShards[step.closes % Math.max(1, openShards.length)] ?? [];
        if (closing !== undefined && shard !== undefined && step.children > 0) {
          shard.isClosed = true;
          for (let n = 0; n < step.children; n++) shards.set(`${closing}.${n}`, { parent: closing, isClosed: false });
        }
        const all = [...shards.keys()];
        const hidden = step.hidden.map((index) => all[index % all.length] ?? '').filter((id) => !hiddenBefore.has(id));
        listAll(new Set(hidden), step.reversed);
        for (const index of step.ends) end(all[index % all.length] ?? '');
      }
      // Read everything that there is to read, by honest listings.
      for (let round = 0; round <= shards.size; round++) {
        listAll(new Set(), false);
        for (const shardId of shards.keys()) end(shardId);
      }
      expect([...begun].sort()).toEqual([...shards.keys()].sort());
      expect(tree.searched.size).toBe(0);
    }),
    { numRuns: 300 },
  );
});
