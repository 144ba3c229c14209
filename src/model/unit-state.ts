import type { Position } from './position.ts';
import type { UnitId } from './unit.ts';

/** The bookmark of a unit as the destination holds it. */
export interface UnitState {
  readonly unit: UnitId;
  /** Raised by every takeover; a commit under an older epoch misses. */
  readonly epoch: number;
  readonly position: Position;
}

/** One unit of a commit: it moves only `WHERE epoch = mine AND position = from`. */
export interface UnitMove {
  readonly unit: UnitId;
  readonly epoch: number;
  readonly from: Position;
  readonly to: Position;
}
