import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DynamoItem, DynamoValue } from '../../test/support/dynamo-item.ts';
import { accountedRows } from '../../test/support/followed-table.ts';
import { expectRows } from '../../test/support/live-rows.ts';
import { CHANGED_AT_MS, type Change, STREAM, shards } from '../../test/support/stream-samples.ts';
import { type LaneLoader, type TableLoader, tableLoader } from '../../test/support/table-loader.ts';
import { columnsOf, neverAborted, openSubject, type Subject, type TestPlace } from '../../test/support/test-place.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { Deletes } from '../model/deletes.ts';

/** Rows on their way to a few keys, so that they meet. */
interface Arrival {
  /** Null for the Scan, else the shard. */
  readonly shard: 0 | 1 | null;
  readonly rows: readonly {
    readonly key: number;
    readonly kind: Change['kind'];
    readonly value: number;
    readonly at: number;
  }[];
}
type Fate = 'committed' | 'crash before commit' | 'crash after commit' | 'overtaken';
type Step = { readonly arrivals: readonly Arrival[]; readonly fate: Fate } | 'finish' | 'gap';

const VALUES: readonly (DynamoValue | undefined)[] = [
  { N: '1' },
  { N: '0.5' },
  { S: 'text' },
  { M: { a: { N: '1' } } },
  { NULL: true },
  undefined,
];

const row = fc.record({
  key: fc.nat({ max: 4 }),
  kind: fc.constantFrom<Change['kind']>('upsert', 'upsert', 'upsert', 'delete', 'ttlDelete'),
  value: fc.nat({ max: VALUES.length - 1 }),
  at: fc.integer({ min: 1, max: 9 }),
});
const arrival = fc.record({
  shard: fc.constantFrom<Arrival['shard']>(null, 0, 1),
  rows: fc.array(row, { minLength: 1, maxLength: 4 }),
});
const commits = fc.record({
  arrivals: fc.array(arrival, { maxLength: 3 }),
  fate: fc.constantFrom<Fate>(
    'committed',
    'committed',
    'committed',
    'crash before commit',
    'crash after commit',
    'overtaken',
  ),
});
const step = fc.oneof(
  { weight: 8, arbitrary: commits },
  { weight: 1, arbitrary: fc.constant('finish' as const) },
  { weight: 1, arbitrary: fc.constant('gap' as const) },
);

interface RandomChanges {
  readonly create: () => Promise<TestPlace>;
  readonly changes: Exclude<Capabilities['changes'], 'none'>;
  readonly scripts: number;
}

/** Random rows of Scan and stream, crashes, gaps and ends of snapshots, compared with a model that is a map of keys. */
export function testRandomChanges({ create, changes, scripts }: RandomChanges): void {
  it('holds of each key what its rule says, whatever arrives and whatever crashes', async () => {
    const script = fc.array(step, { minLength: 3, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(script, fc.constantFrom<Deletes>('soft', 'hard'), async (steps, deletes) => {
        const place = await create();
        try {
          await runScript(await openSubject(place), steps, createModel({ order: changes, deletes }));
        } finally {
          await place.dispose();
        }
      }),
      { numRuns: scripts },
    );
  });
}

async function runScript(subject: Subject, steps: readonly Step[], model: Model): Promise<void> {
  const loader = tableLoader({ stream: STREAM, shards: shards(2), totalSegments: 1, deletes: model.deletes });
  const units = () => (model.isFollowing() ? loader.shards : [...loader.units, ...loader.shards]);
  await loader.begin(subject.destination, 1, { placement: 'live', base: model.base() });
  let lane = await loader.open(subject.destination, 1, units());
  for (const next of steps) {
    if (next === 'finish' || next === 'gap') {
      await (next === 'finish' ? finish(subject, { loader, lane, model }) : resync(subject, loader, model));
    } else {
      await commit(subject, next, { loader, lane, model });
    }
    lane = await loader.open(subject.destination, 1, units());
    await compare(subject, loader, model);
  }
  await subject.destination.close();
}

interface Run {
  readonly loader: TableLoader;
  readonly lane: LaneLoader;
  readonly model: Model;
}

async function commit(subject: Subject, next: Exclude<Step, string>, { loader, lane, model }: Run): Promise<void> {
  // Behind the snapshot there is no segment to read.
  const arrivals = next.arrivals.filter(({ shard }) => shard !== null || !model.isFollowing());
  const batches = arrivals.map(({ shard, rows }) =>
    shard === null
      ? rows.map((one): Change => ({ kind: 'upsert', item: itemOf(one), sequence: model.base(), createdAtMs: 0 }))
      : [...rows].sort((a, b) => a.at - b.at).map((one) => changeOf(one, model.base())),
  );
  for (const [index, { shard }] of arrivals.entries()) {
    const batch = batches[index] ?? [];
    if (shard === null) await lane.write(batch.map(({ item }) => item));
    else await lane.change(batch);
  }
  const touched = new Set(arrivals.map(({ shard }) => (shard === null ? loader.units[0] : loader.shards[shard])));
  const moves = [...touched].flatMap((unit) => (unit === undefined ? [] : [{ unit, to: 'after 1' as const }]));
  if (next.fate === 'crash before commit') return subject.reconnect();
  if (next.fate === 'overtaken') {
    const claim = { ...loader.target, version: 1, base: model.base(), deletes: model.deletes };
    await subject.destination.open({ ...claim, units: moves.map(({ unit }) => unit) }, neverAborted);
    if (moves.length > 0) await expect(lane.commitAll(moves)).rejects.toMatchObject({ code: 'FENCED' });
    return undefined;
  }
  const receipt = await lane.commitAll(moves);
  expect(accountedRows(receipt)).toBe(batches.flat().length);
  model.apply(batches.flat());
  return next.fate === 'crash after commit' ? subject.reconnect() : undefined;
}

async function finish(subject: Subject, { loader, lane, model }: Run): Promise<void> {
  if (model.isFollowing()) return;
  await lane.commit('end');
  const sweptRows = model.finish();
  const finished = await loader.finish(subject.destination, 1, { allowShrink: true });
  expect(finished).toEqual({ rowCount: model.liveRowCount(), sweptRows });
}

async function resync(subject: Subject, loader: TableLoader, model: Model): Promise<void> {
  model.gap();
  const stream = { ...STREAM, gapCount: 1, gapEndMs: model.gapEndMs() };
  await loader.resync(subject.destination, 1, { stream, raisedBase: model.base() });
}

async function compare(subject: Subject, loader: TableLoader, model: Model): Promise<void> {
  const rows = (await subject.live(loader)) ?? [];
  const found = new Map(
    rows.map(({ cells, sequence, deletedAtMs, deletedBy }) => [cells.get('id'), [sequence, deletedAtMs, deletedBy]]),
  );
  const wanted = [...model.rows].map(([id, held]) => [id, [held.sequence, held.deletedAtMs, held.deletedBy]] as const);
  expect(found).toEqual(new Map(wanted));
  expectRows(
    rows,
    Array.from(model.rows.values(), ({ item }) => item),
    columnsOf(loader),
  );
  const counts = { liveRowCount: model.liveRowCount(), loading: { rowCount: model.rows.size } };
  expect(await subject.stateOf(loader)).toMatchObject(counts);
}

interface Held {
  readonly item: DynamoItem;
  readonly sequence: bigint;
  readonly deletedAtMs: number | null;
  readonly deletedBy: string | null;
}

type Model = ReturnType<typeof createModel>;

/** What a table must hold, as plainly as it can be said. */
function createModel({ order, deletes }: { readonly order: 'merge' | 'ordered'; readonly deletes: Deletes }) {
  const rows = new Map<string, Held>();
  let isFollowing = false;
  let gapCount = 0;
  const base = (): bigint => 1_800_000_000_000_000n + BigInt(gapCount) * 1000n;
  const gapEndMs = (): number => CHANGED_AT_MS + gapCount * 1000;
  const dropDeleted = (): void => {
    for (const [id, { deletedAtMs }] of rows) if (deletedAtMs !== null) rows.delete(id);
  };
  return {
    rows,
    deletes,
    base,
    gapEndMs,
    isFollowing: (): boolean => isFollowing,
    liveRowCount: (): number => [...rows.values()].filter(({ deletedAtMs }) => deletedAtMs === null).length,
    apply: (changes: readonly Change[]): void => {
      for (const { kind, item, sequence, createdAtMs } of changes) {
        const id = idOf(item);
        const present = rows.get(id);
        if (order === 'merge' && present !== undefined && present.sequence > sequence) continue;
        const deletedAtMs = kind === 'upsert' ? null : createdAtMs;
        rows.set(id, { item, sequence, deletedAtMs, deletedBy: kind === 'ttlDelete' ? 'ttl' : null });
      }
      if (isFollowing && deletes === 'hard') dropDeleted();
    },
    gap: (): void => {
      gapCount += 1;
      isFollowing = false;
    },
    /** Answers how many rows were swept. */
    finish: (): number => {
      const unseen = [...rows].filter(([, held]) => held.deletedAtMs === null && held.sequence < base());
      for (const [id, held] of unseen) rows.set(id, { ...held, deletedAtMs: gapEndMs() });
      if (deletes === 'hard') dropDeleted();
      isFollowing = true;
      return unseen.length;
    },
  };
}

function changeOf(one: Arrival['rows'][number], base: bigint): Change {
  const item = one.kind === 'upsert' ? itemOf(one) : { id: { S: `k${one.key}` } };
  return { kind: one.kind, item, sequence: base + BigInt(one.at), createdAtMs: CHANGED_AT_MS + one.at * 1000 };
}

function itemOf({ key, value }: { readonly key: number; readonly value: number }): DynamoItem {
  const v = VALUES[value];
  return { id: { S: `k${key}` }, ...(v && { v }) };
}

function idOf({ id }: DynamoItem): string {
  return id !== undefined && 'S' in id ? id.S : '';
}
