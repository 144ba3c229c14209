import type { Position } from '../model/position.ts';
import type { UnitId } from '../model/unit.ts';
import type { UnitMove, UnitState } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';

/** Where each unit of a lane stands: durable, and read but not yet durable. */
export interface UnitProgress {
  /** Records that the rows from `from` up to `to` are handed on. Pages of one unit come in order, without a hole. */
  advance(unit: UnitId, from: Position, to: Position): void;
  /** The moves that make everything handed on durable; empty when nothing is. */
  moves(): readonly UnitMove[];
  /** Records that the moves are durable. */
  committed(moves: readonly UnitMove[]): void;
  finishedCount(): number;
}

/** The progress rule as a data structure: a unit's durable position moves only through `committed`. */
export function createUnitProgress(units: Iterable<UnitState>): UnitProgress {
  const durable = new Map<UnitId, UnitState>();
  for (const unit of units) durable.set(unit.unit, unit);
  const handedOn = new Map<UnitId, Position>();

  const known = (unit: UnitId): UnitState => {
    const state = durable.get(unit);
    if (!state) throw new TributaryError('BUG', `Unit ${unit} is not part of the lane`);
    return state;
  };

  return {
    advance(unit, from, to) {
      const present = handedOn.get(unit) ?? known(unit).position;
      if (present !== from) {
        throw new TributaryError('BUG', `Unit ${unit} stands elsewhere than where its next page begins`);
      }
      handedOn.set(unit, to);
    },
    moves() {
      return [...handedOn].flatMap(([unit, to]) => {
        const { epoch, position: from } = known(unit);
        return from === to ? [] : [{ unit, epoch, from, to }];
      });
    },
    committed(moves) {
      for (const { unit, epoch, to } of moves) {
        durable.set(unit, { unit, epoch, position: to });
        if (handedOn.get(unit) === to) handedOn.delete(unit);
      }
    },
    finishedCount() {
      let count = 0;
      for (const { position } of durable.values()) if (position === 'end') count += 1;
      return count;
    },
  };
}
