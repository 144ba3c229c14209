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

/** Where each unit of a lane stands: durable, and read but not yet durable. */
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
   * What makes everything handed on durable. Units of which only `verifiedThroughMs` has changed come on request: there
   * may be thousands, at every commit.
   */
  pending(options: { readonly includeVerified: boolean }): UnitChanges;
  /** Records that the changes are durable. */
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
  /** Units that stand elsewhere than they are durable; those that were opened are not durable at all. */
  const handedOn = new Map<UnitId, NewUnit>();
  const pruned = new Set<UnitId>();

  const current = (unit: UnitId): NewUnit => {
    const state = handedOn.get(unit) ?? durable.get(unit);
    if (!state) throw new TributaryError('BUG', `Unit ${unit} is not part of the lane`);
    return state;
  };
  const move = (unit: UnitId, from: Position, next: Omit<NewUnit, 'unit'>): void => {
    if (current(unit).position !== from) {
      throw new TributaryError('BUG', `Unit ${unit} stands elsewhere than where its next page begins`);
    }
    handedOn.set(unit, { unit, ...next });
  };

  return {
    current,
    units: () => [...durable.values()].map(({ unit }) => current(unit)).concat(openedUnits(handedOn, durable)),
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
        if (handedOn.has(unit.unit) || durable.has(unit.unit)) {
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
        const before = durable.get(next.unit);
        if (before === undefined || isUnchanged(before, next, includeVerified)) continue;
        const { unit, epoch: held, position: from } = before;
        moves.push({ unit, epoch: held, from, to: next.position, shard: next.shard });
      }
      return {
        moves,
        opened: openedUnits(handedOn, durable),
        pruned: [...pruned].filter((unit) => durable.get(unit)?.position === 'end'),
      };
    },
    committed({ moves, opened, pruned: dropped }) {
      const settle = (next: UnitState): void => {
        durable.set(next.unit, next);
        const latest = handedOn.get(next.unit);
        if (latest !== undefined && isUnchanged(next, latest, true)) handedOn.delete(next.unit);
      };
      for (const unit of opened) settle({ ...unit, epoch });
      for (const { unit, epoch: held, to: position, shard: moved } of moves) {
        const shard = durable.get(unit)?.shard ?? null;
        settle({ unit, epoch: held, position, shard: shard && { ...shard, ...moved } });
      }
      for (const unit of dropped) {
        durable.delete(unit);
        pruned.delete(unit);
      }
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

function openedUnits(
  handedOn: ReadonlyMap<UnitId, NewUnit>,
  durable: ReadonlyMap<UnitId, UnitState>,
): readonly NewUnit[] {
  return [...handedOn.values()].filter(({ unit }) => !durable.has(unit));
}
