import type { BeginVersion, Destination, FinishVersion, Load } from '../../src/load/destination.ts';
import { afterKey, type Position } from '../../src/model/position.ts';
import type { StoredSchema } from '../../src/model/stored-schema.ts';
import { parseTableRef, type TableKey } from '../../src/model/table.ts';
import { segmentUnit, type UnitId } from '../../src/model/unit.ts';
import { initialSchema, mergeObserved, planOf, type TableSchema } from '../../src/schema/merge.ts';
import { destinationTableName } from '../../src/schema/naming.ts';
import { batchMaker } from './batch.ts';
import type { DynamoItem } from './dynamo-item.ts';

interface TableLoaderOptions {
  readonly source?: string;
  readonly table?: string;
  readonly destinationSchema?: string;
  readonly destinationTable?: string;
  readonly key?: TableKey;
  readonly totalSegments?: number;
}

/** One lane as a test drives it; positions are followed here, so that a move says where it comes from. */
export interface LaneLoader {
  readonly load: Load;
  /** Takes the items into the schema and hands them to the destination. */
  write(items: readonly DynamoItem[]): Promise<void>;
  /** Moves one unit, by default the first of the lane, to the position. */
  commit(to: Position, unit?: UnitId): ReturnType<Load['commit']>;
  commitAll(moves: readonly { readonly unit: UnitId; readonly to: Position }[]): ReturnType<Load['commit']>;
  /** write and commit. */
  put(items: readonly DynamoItem[], to: Position, unit?: UnitId): ReturnType<Load['commit']>;
}

export type TableLoader = ReturnType<typeof tableLoader>;

const neverAborted = { signal: new AbortController().signal };

/** Loads one table the way replication does, one call at a time. The clock moves by a second a call. */
export function tableLoader(options: TableLoaderOptions = {}) {
  const { source = 'shop', table = 'orders', destinationSchema = source } = options;
  const { destinationTable = destinationTableName(parseTableRef(table)) } = options;
  const { key = [{ name: 'id', type: 'S' }], totalSegments = 2 } = options;
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
  /** The base of each version that this loader has begun. */
  const bases = new Map<number, bigint>();

  const open = async (destination: Destination, version: number, taken = units): Promise<LaneLoader> => {
    const base = bases.get(version) ?? baseOf(version);
    const load = await destination.open({ ...target, version, base, units: taken }, neverAborted);
    know(destination, load.schema);
    const positions = new Map([...load.units].map(([unit, state]) => [unit, state.position]));
    const commitAll: LaneLoader['commitAll'] = async (wanted) => {
      const current = known.current ?? fresh(destination);
      const moves = wanted.map(({ unit, to }) => ({
        unit,
        epoch: load.units.get(unit)?.epoch ?? -1,
        from: positions.get(unit) ?? 'start',
        to,
      }));
      const receipt = await load.commit({ moves, ...current, nowMs: tick() }, neverAborted);
      for (const { unit, to } of wanted) positions.set(unit, to);
      return receipt;
    };
    const write: LaneLoader['write'] = async (items) => {
      const batch = makeBatch(items, tick());
      const { schema, plan } = mergeObserved(known.current ?? fresh(destination), batch.page, {
        key,
        capabilities: destination.capabilities,
      });
      known.current = { schema, plan };
      await load.write(batch);
    };
    const commit: LaneLoader['commit'] = (to, unit = firstOf(taken)) => commitAll([{ unit, to }]);
    return {
      load,
      write,
      commit,
      commitAll,
      put: async (items, to, unit) => {
        await write(items);
        return commit(to, unit);
      },
    };
  };

  /** Begins with the schema of the version before, or afresh. */
  const begin = async (destination: Destination, version: number, overrides: Partial<BeginVersion> = {}) => {
    known.current ??= fresh(destination);
    const names = { destinationSchema, destinationTable };
    const last = bases.get(version);
    const base = last === undefined ? baseOf(version) : last + 1n;
    const evidence = { base, identity: 'table-id-1', layout: 'layout-1', units, answersReset: false };
    const request = { ...target, ...names, version, ...evidence, ...known.current, nowMs: tick(), ...overrides };
    await destination.refresh.begin(request, neverAborted);
    bases.set(version, request.base);
  };
  const finish = (destination: Destination, version: number, overrides: Partial<FinishVersion> = {}) => {
    const base = bases.get(version) ?? baseOf(version);
    const request = { ...target, version, base, deduplicateBy: null, allowShrink: false, nowMs: tick(), ...overrides };
    return destination.refresh.finish(request, neverAborted);
  };

  return {
    target,
    key,
    units,
    begin,
    open,
    finish,
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
  return 1_700_000_000_000_000n + BigInt(version) * 1000n;
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
