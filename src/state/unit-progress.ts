import type { Position } from '../model/position.ts';
import type { UnitId } from '../model/unit.ts';
import type { NewUnit, ShardProgress, UnitMove, UnitState } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';

/** What one commit does to the units of a lane. */
export interface UnitChanges {
  readonly moves: readonly UnitMove[];
  readonly opened: readonly NewUnit[];
  readonly pruned: readonly UnitId[];
}

/** Where each unit of a lane stands: durable, accepted but not yet durable, and read but not yet handed over. */
export interface UnitProgress {
  /** Records that the rows from `from` up to `to` are handed on. Pages of one unit come in order, without a hole. */
  advance(unit: UnitId, from: Position, to: Position): void;
  /** The same for a shard. Its sequence never falls; what it is verified through is as the reader says. */
  advanceShard(unit: UnitId, from: Position, to: Position, progress: Partial<ShardProgress>): void;
  /** Adds units that begin with the next commit. */
  open(units: readonly NewUnit[]): void;
  /** Drops a finished unit with the next commit after it is durable. */
  prune(unit: UnitId): void;
  /** Where the unit stands, durable or not. */
  current(unit: UnitId): NewUnit;
  /** All units as they stand, durable or not. */
  units(): readonly NewUnit[];
  /**
   * What makes everything handed on durable, from where the destination has accepted it. Units of which only `verifiedThroughMs` has changed come on request: there
   * may be thousands, at every commit.
   */
  pending(options: { readonly includeVerified: boolean }): UnitChanges;
  /** Records that the destination has the changes but has not said that they are durable. */
  accepted(changes: UnitChanges): void;
  /** Records that the changes are durable, in the order in which they were accepted. */
  committed(changes: UnitChanges): void;
  /** Whether it is durable that every unfinished shard is verified through this time. */
  isVerifiedThrough(atMs: number): boolean;
  /** Segments at their end, durably. */
  finishedSegments(): number;
}

/** The progress rule as a data structure: a unit's durable position moves only through `committed`. */
export function createUnitProgress(units: Iterable<UnitState>, epoch: number): UnitProgress {
  const durable = new Map<UnitId, UnitState>();
  for (const unit of units) durable.set(unit.unit, unit);
  /** Units that the destination has got elsewhere than they are durable; null for those that it drops. */
  const ahead = new Map<UnitId, UnitState | null>();
  /** Units that stand elsewhere than the destination has got them; those that were opened it has not got at all. */
  const handedOn = new Map<UnitId, NewUnit>();
  const pruned = new Set<UnitId>();

  const durableUnit = (unit: UnitId): UnitState | null => durable.get(unit) ?? null;
  const reached = (unit: UnitId): UnitState | null => {
    const state = ahead.get(unit);
    return state === undefined ? durableUnit(unit) : state;
  };
  const current = (unit: UnitId): NewUnit => {
    const state = handedOn.get(unit) ?? reached(unit);
    if (!state) throw new TributaryError('BUG', `Unit ${unit} is not part of the lane`);
    return state;
  };
  const move = (unit: UnitId, from: Position, next: Omit<NewUnit, 'unit'>): void => {
    if (current(unit).position !== from) {
      throw new TributaryError('BUG', `Unit ${unit} stands elsewhere than where its next page begins`);
    }
    handedOn.set(unit, { unit, ...next });
  };
  /** Calls `put` with each unit of the changes as they leave it; null for those that they drop. */
  const apply = (
    { moves, opened, pruned: dropped }: UnitChanges,
    before: (unit: UnitId) => UnitState | null,
    put: (unit: UnitId, state: UnitState | null) => void,
  ): void => {
    for (const unit of opened) put(unit.unit, { ...unit, epoch });
    for (const { unit, epoch: held, to: position, shard: moved } of moves) {
      const shard = before(unit)?.shard ?? null;
      put(unit, { unit, epoch: held, position, shard: shard && { ...shard, ...moved } });
    }
    for (const unit of dropped) put(unit, null);
  };
  const forgetReached = (unit: UnitId): void => {
    const state = reached(unit);
    const latest = handedOn.get(unit);
    if (state === null) pruned.delete(unit);
    else if (latest !== undefined && isUnchanged(state, latest, true)) handedOn.delete(unit);
  };
  const isNew = ({ unit }: NewUnit): boolean => reached(unit) === null;

  return {
    current,
    units: () =>
      [...new Set([...durable.keys(), ...ahead.keys(), ...handedOn.keys()])]
        .filter((unit) => ahead.get(unit) !== null)
        .map(current),
    advance: (unit, from, to) => move(unit, from, { position: to, shard: current(unit).shard }),
    advanceShard(unit, from, to, progress) {
      const { shard } = current(unit);
      if (shard === null) throw new TributaryError('BUG', `Unit ${unit} is not a shard`);
      const { sequence = shard.sequence, verifiedThroughMs = shard.verifiedThroughMs } = progress;
      const next = { sequence: sequence > shard.sequence ? sequence : shard.sequence, verifiedThroughMs };
      move(unit, from, { position: to, shard: { ...shard, ...next } });
    },
    open(opened) {
      for (const unit of opened) {
        if (handedOn.has(unit.unit) || !isNew(unit)) {
          throw new TributaryError('BUG', `Unit ${unit.unit} is opened twice`);
        }
        handedOn.set(unit.unit, unit);
      }
    },
    prune: (unit) => {
      pruned.add(unit);
    },
    pending({ includeVerified }) {
      const moves: UnitMove[] = [];
      for (const next of handedOn.values()) {
        const before = reached(next.unit);
        if (before === null || isUnchanged(before, next, includeVerified)) continue;
        const { unit, epoch: held, position: from } = before;
        moves.push({ unit, epoch: held, from, to: next.position, shard: next.shard });
      }
      return {
        moves,
        opened: [...handedOn.values()].filter(isNew),
        pruned: [...pruned].filter((unit) => reached(unit)?.position === 'end'),
      };
    },
    accepted(changes) {
      apply(changes, reached, (unit, state) => {
        ahead.set(unit, state);
        forgetReached(unit);
      });
    },
    committed(changes) {
      apply(changes, durableUnit, (unit, state) => {
        if (state === null) durable.delete(unit);
        else durable.set(unit, state);
        const further = ahead.get(unit);
        if (further !== undefined && isSame(state, further)) ahead.delete(unit);
        forgetReached(unit);
      });
    },
    isVerifiedThrough(atMs) {
      for (const { position, shard } of durable.values()) {
        if (shard !== null && position !== 'end' && shard.verifiedThroughMs < atMs) return false;
      }
      return true;
    },
    finishedSegments() {
      let count = 0;
      for (const { position, shard } of durable.values()) if (position === 'end' && shard === null) count += 1;
      return count;
    },
  };
}

function isUnchanged(before: NewUnit, next: NewUnit, includeVerified: boolean): boolean {
  if (before.position !== next.position || before.shard?.sequence !== next.shard?.sequence) return false;
  return !includeVerified || before.shard?.verifiedThroughMs === next.shard?.verifiedThroughMs;
}

function isSame(a: UnitState | null, b: UnitState | null): boolean {
  return a === null || b === null ? a === b : isUnchanged(a, b, true);
}
