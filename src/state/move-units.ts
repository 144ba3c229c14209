import { parseShardUnit, shardUnit, type UnitId } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { comparePositions } from './position-text.ts';

/** Units after somebody has put some of them elsewhere. */
export interface MovedUnits {
  /** Those that change, and those that are new. */
  readonly units: readonly NewUnit[];
  /** Shards that are read again from an earlier position; those that must follow included. */
  readonly backCount: number;
  /** Of those, the ones that nobody has named: they come after a shard that is read again. */
  readonly followingCount: number;
  /** Units of which something will not be read: changes of shards, rows of segments. */
  readonly forwardCount: number;
  /** Of those, the segments: with all that do not go back for certain, as keys cannot be compared. */
  readonly forwardSegmentCount: number;
}

/**
 * Puts units where a person wants them. What comes after a shard that is read again has to be read again, too: its changes
 * get greater sequences than before, and would hide the newer ones of the shards below it for ever. For the same reason
 * a sequence never falls.
 */
export function moveUnits(present: readonly NewUnit[], moves: readonly NewUnit[]): MovedUnits {
  const before = new Map(present.map((unit) => [unit.unit, unit]));
  const after = new Map(before);
  const back = new Set<UnitId>();
  let forwardCount = 0;
  let forwardSegmentCount = 0;
  for (const move of moves) {
    const known = before.get(move.unit);
    if (known?.position === 'end' && move.position === 'end') continue;
    after.set(move.unit, { ...move, shard: known?.shard && move.shard ? higher(known.shard, move.shard) : move.shard });
    // A shard that was not there and is to be read comes before whatever is there below it.
    const moved = known === undefined ? -1 : comparePositions(move.unit, [move.position, known.position]);
    if (moved === null || moved > 0) {
      forwardCount += 1;
      if (move.shard === null) forwardSegmentCount += 1;
    } else if (moved < 0 && move.shard !== null && move.position !== 'end') back.add(move.unit);
  }
  const following = below(after, back).filter((unit) => !isUnread(unit));
  for (const unit of following) after.set(unit.unit, { ...unit, position: 'start' });
  const units = withInheritedSequences(after);
  const isKnown = (unit: UnitId): boolean => before.has(unit);
  return {
    units: units.filter((unit) => isChanged(before.get(unit.unit), unit)),
    backCount: new Set([...back, ...following.map(({ unit }) => unit)].filter(isKnown)).size,
    followingCount: following.filter(({ unit }) => isKnown(unit) && !back.has(unit)).length,
    forwardCount,
    forwardSegmentCount,
  };
}

/** A shard whose parent is finished goes on above everything that the parent has given. */
function withInheritedSequences(units: ReadonlyMap<UnitId, NewUnit>): readonly NewUnit[] {
  const done = new Map<UnitId, NewUnit>();
  const inherit = (unit: NewUnit): NewUnit => {
    const ready = done.get(unit.unit);
    if (ready !== undefined) return ready;
    const { shard } = unit;
    const parent = shard === null || shard.parent === null ? undefined : units.get(shardUnit(shard.parent));
    const passesOn = parent !== undefined && parent.unit !== unit.unit && parent.position === 'end';
    const least = passesOn ? (inherit(parent).shard?.sequence ?? 0n) : 0n;
    const raised = shard === null || shard.sequence >= least ? unit : { ...unit, shard: { ...shard, sequence: least } };
    done.set(unit.unit, raised);
    return raised;
  };
  return [...units.values()].map(inherit);
}

/** All units below the given ones, in any depth. */
function below(units: ReadonlyMap<UnitId, NewUnit>, from: ReadonlySet<UnitId>): readonly NewUnit[] {
  const children = new Map<string, NewUnit[]>();
  for (const unit of units.values()) {
    const parent = unit.shard?.parent ?? null;
    if (parent === null) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [unit]);
    else siblings.push(unit);
  }
  const found = new Set<NewUnit>();
  const queue = [...from];
  for (let unit = queue.pop(); unit !== undefined; unit = queue.pop()) {
    for (const child of children.get(parseShardUnit(unit) ?? '') ?? []) {
      if (found.has(child)) continue;
      found.add(child);
      queue.push(child.unit);
    }
  }
  return [...found];
}

function isUnread({ position }: NewUnit): boolean {
  return position === 'start' || position.startsWith('at ');
}

/** What is verified is as the mover says: changes that are applied again hide newer ones until they have all come. */
function higher<Shard extends NonNullable<NewUnit['shard']>>(known: Shard, moved: Shard): Shard {
  return { ...moved, sequence: known.sequence > moved.sequence ? known.sequence : moved.sequence };
}

function isChanged(before: NewUnit | undefined, after: NewUnit): boolean {
  if (before === undefined || before.position !== after.position) return true;
  return (
    before.shard?.sequence !== after.shard?.sequence ||
    before.shard?.verifiedThroughMs !== after.shard?.verifiedThroughMs
  );
}
