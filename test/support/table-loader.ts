import type { BeginVersion, Destination, FinishVersion, Load, ResyncVersion } from '../../src/load/destination.ts';
import type { Deletes } from '../../src/model/deletes.ts';
import { afterKey, type Position } from '../../src/model/position.ts';
import type { StoredSchema } from '../../src/model/stored-schema.ts';
import { parseTableRef, type TableKey } from '../../src/model/table.ts';
import type { FollowedStream } from '../../src/model/table-state.ts';
import { parseSegmentUnit, type ShardUnitId, segmentUnit, type UnitId } from '../../src/model/unit.ts';
import type { NewUnit, ShardProgress, UnitMove } from '../../src/model/unit-state.ts';
import { initialSchema, mergeObserved, planOf, type TableSchema } from '../../src/schema/merge.ts';
import { destinationTableName } from '../../src/schema/naming.ts';
import { batchMaker } from './batch.ts';
import type { DynamoItem } from './dynamo-item.ts';
import { batchChanges, type Change, newShard } from './stream-samples.ts';

interface TableLoaderOptions {
  readonly source?: string;
  readonly table?: string;
  readonly destinationSchema?: string;
  readonly destinationTable?: string;
  readonly key?: TableKey;
  readonly totalSegments?: number;
  /** Of a table that is followed. */
  readonly stream?: FollowedStream;
  readonly shards?: readonly ShardUnitId[];
  readonly deletes?: Deletes;
}

/** One lane as a test drives it; positions are followed here, so that a move says where it comes from. */
export interface LaneLoader {
  readonly load: Load;
  /** Takes the items into the schema and hands them to the destination. */
  write(items: readonly DynamoItem[]): Promise<void>;
  /** As `write`, for changes of a stream; their sequences grow. */
  change(changes: readonly Change[]): Promise<void>;
  /** Moves one unit, by default the first of the lane, to the position. Durable, also where a destination only accepts. */
  commit(to: Position, unit?: UnitId): ReturnType<Load['commit']>;
  /** As `commit`, and does not wait for it to be durable. */
  sendCommit(to: Position, unit?: UnitId): ReturnType<Load['commit']>;
  commitAll(moves: readonly WantedMove[], more?: UnitChanges): ReturnType<Load['commit']>;
  /** write and commit. */
  put(items: readonly DynamoItem[], to: Position, unit?: UnitId): ReturnType<Load['commit']>;
  /** write and sendCommit. */
  send(items: readonly DynamoItem[], to: Position, unit?: UnitId): ReturnType<Load['commit']>;
  /** change and commit. */
  apply(changes: readonly Change[], to: Position, unit?: UnitId): ReturnType<Load['commit']>;
}

interface WantedMove {
  readonly unit: UnitId;
  readonly to: Position;
  /** Where the lane has left the unit, if nothing is said. */
  readonly from?: Position;
  readonly progress?: Partial<ShardProgress>;
}

interface UnitChanges {
  readonly opened?: readonly NewUnit[];
  readonly pruned?: readonly UnitId[];
}

export type TableLoader = ReturnType<typeof tableLoader>;

const neverAborted = { signal: new AbortController().signal };

/** Loads one table the way replication does, one call at a time. The clock moves by a second a call. */
export function tableLoader(options: TableLoaderOptions = {}) {
  const { source = 'shop', table = 'orders', destinationSchema = source } = options;
  const { destinationTable = destinationTableName(parseTableRef(table)) } = options;
  const { key = [{ name: 'id', type: 'S' }], totalSegments = 2 } = options;
  const { stream = null, shards = [], deletes = 'soft' } = options;
  const target = { source, table };
  const units = Array.from({ length: totalSegments }, (_, segment) => segmentUnit({ segment, totalSegments }));
  const makeBatch = batchMaker(key.map(({ name }) => name));
  // Whole seconds; near the true time, because some destinations compare it with the times of files.
  let nowMs = Math.floor(Date.now() / 1000) * 1000;
  const tick = (): number => {
    nowMs += 1000;
    return nowMs;
  };
  const fresh = (destination: Destination): TableSchema => {
    const schema = initialSchema(key);
    return { schema, plan: planOf(schema, { key, capabilities: destination.capabilities }) };
  };
  const known: { current: TableSchema | null } = { current: null };
  const know = (destination: Destination, schema: StoredSchema): void => {
    known.current = { schema, plan: planOf(schema, { key, capabilities: destination.capabilities }) };
  };
  /** The base of each version that this loader has begun or resynced. */
  const bases = new Map<number, bigint>();
  const baseNow = (version: number): bigint => bases.get(version) ?? baseOf(version);

  const open = async (
    destination: Destination,
    version: number,
    taken: readonly UnitId[] = [...units, ...shards],
  ): Promise<LaneLoader> => {
    const lane = { ...target, version, base: baseNow(version), units: taken, deletes: stream && deletes };
    const load = await destination.open(lane, neverAborted);
    know(destination, load.schema);
    const positions = new Map([...load.units].map(([unit, state]) => [unit, state.position]));
    const opened = new Set<UnitId>();
    let sequence = lane.base;
    const moveOf = ({ unit, to, from = positions.get(unit) ?? 'start', progress }: WantedMove): UnitMove => {
      const epoch = load.units.get(unit)?.epoch ?? (opened.has(unit) ? load.epoch : -1);
      const shard = parseSegmentUnit(unit) === null ? { sequence, verifiedThroughMs: nowMs, ...progress } : null;
      return { unit, epoch, from, to, shard };
    };
    const sendAll: LaneLoader['commitAll'] = async (wanted, more = {}) => {
      const current = known.current ?? fresh(destination);
      const commit = { opened: [], pruned: [], ...more, moves: wanted.map(moveOf), ...current, nowMs: tick() };
      const receipt = await load.commit(commit, neverAborted);
      for (const { unit, to } of wanted) positions.set(unit, to);
      for (const { unit, position } of commit.opened) {
        positions.set(unit, position);
        opened.add(unit);
      }
      return receipt;
    };
    const commitAll: LaneLoader['commitAll'] = async (wanted, more) => {
      const receipt = await sendAll(wanted, more);
      if (receipt.receipt === 'durable') return receipt;
      await load.acceptance?.settle();
      return { ...receipt, receipt: 'durable' };
    };
    const writeRows = async (items: readonly DynamoItem[], changes: readonly Change[] | null): Promise<void> => {
      const batch = makeBatch(items, tick(), changes && batchChanges(changes));
      const { schema, plan } = mergeObserved(known.current ?? fresh(destination), batch.page, {
        key,
        capabilities: destination.capabilities,
      });
      known.current = { schema, plan };
      await load.write(batch);
    };
    const change: LaneLoader['change'] = (changes) => {
      sequence = changes.reduce((highest, next) => (next.sequence > highest ? next.sequence : highest), sequence);
      return writeRows(
        changes.map(({ item }) => item),
        changes,
      );
    };
    const commit: LaneLoader['commit'] = (to, unit = firstOf(taken)) => commitAll([{ unit, to }]);
    const sendCommit: LaneLoader['commit'] = (to, unit = firstOf(taken)) => sendAll([{ unit, to }]);
    return {
      load,
      write: (items) => writeRows(items, null),
      change,
      commit,
      sendCommit,
      commitAll,
      send: async (items, to, unit) => {
        await writeRows(items, null);
        return sendCommit(to, unit);
      },
      put: async (items, to, unit) => {
        await writeRows(items, null);
        return commit(to, unit);
      },
      apply: async (changes, to, unit) => {
        await change(changes);
        return commit(to, unit);
      },
    };
  };

  /** All units of a version as it begins. */
  const newUnits = (): readonly NewUnit[] => [...newSegments(), ...shards.map((unit) => newShard(unit))];
  const newSegments = (): readonly NewUnit[] => units.map((unit) => ({ unit, position: 'start', shard: null }));
  /** Begins with the schema of the version before, or afresh. */
  const begin = async (destination: Destination, version: number, overrides: Partial<BeginVersion> = {}) => {
    known.current ??= fresh(destination);
    const names = { destinationSchema, destinationTable };
    const last = bases.get(version);
    const base = last === undefined ? baseOf(version) : last + 1n;
    const evidence = { base, identity: 'table-id-1', layout: 'layout-1', units: newUnits(), answersReset: false };
    const place = { placement: 'aside', stream, gaps: [] } as const;
    const request = {
      ...target,
      ...names,
      version,
      ...evidence,
      ...place,
      ...known.current,
      nowMs: tick(),
      ...overrides,
    };
    await destination.refresh.begin(request, neverAborted);
    bases.set(version, request.base);
  };
  const finish = (destination: Destination, version: number, overrides: Partial<FinishVersion> = {}) => {
    const changes = stream && { caughtUpWithMs: 1, deletes, keepExpiredBy: null };
    const terms = { deduplicateBy: null, changes, allowShrink: false, nowMs: tick() };
    const request = { ...target, version, base: baseNow(version), ...terms, ...overrides };
    return destination.refresh.finish(request, neverAborted);
  };
  /** Raises the base by 1,000 and reads all segments again. */
  const resync = async (destination: Destination, version: number, overrides: Partial<ResyncVersion> = {}) => {
    if (stream === null || destination.gaps === undefined) throw new Error('There is no stream to resync');
    const base = baseNow(version);
    const units = { segments: newSegments(), captured: [], dropped: [] };
    const evidence = { identity: 'table-id-1', stream, gaps: [], asked: false, nowMs: tick() };
    const request = { ...target, version, base, raisedBase: base + 1000n, ...units, ...evidence, ...overrides };
    await destination.gaps.resync(request, neverAborted);
    bases.set(version, request.raisedBase);
  };

  return {
    target,
    key,
    units,
    shards,
    begin,
    open,
    finish,
    resync,
    /** The base of the version as this loader knows it. */
    base: baseNow,
    /** What the loader knows of the schema; null before the first begin. */
    schema: (): TableSchema | null => known.current,
    /** Goes on from what the destination has stored, as a new process does. */
    adopt: async (destination: Destination): Promise<void> => {
      const schema = await destination.runStore.readSchema(source, table);
      if (schema === null) throw new Error('The destination has no schema to go on from');
      know(destination, schema);
    },
    /** Goes on from this schema, as a process does that does not know what others have done since. */
    assume: (schema: TableSchema): void => {
      known.current = schema;
    },
    /** Builds a version in one commit and makes it live. */
    replace: async (destination: Destination, version: number, items: readonly DynamoItem[]) => {
      await begin(destination, version);
      const lane = await open(destination, version);
      if (items.length > 0) await lane.write(items);
      await lane.commitAll(units.map((unit) => ({ unit, to: 'end' })));
      await lane.load.close();
      return finish(destination, version);
    },
  };
}

/** The base that the loader gives to a version; when it begins one of that number again, the next. */
export function baseOf(version: number): bigint {
  return 1_700_000_000_000_000n + BigInt(version) * 1_000_000n;
}

/** A position in the middle of a unit. */
export function behind(id: string | number): Position {
  return afterKey(JSON.stringify({ id: { S: String(id) } }));
}

function firstOf(units: readonly UnitId[]): UnitId {
  const [first] = units;
  if (first === undefined) throw new Error('The lane has no unit');
  return first;
}
