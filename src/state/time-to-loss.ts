import { RETENTION_MS } from '../model/retention.ts';
import { UNKNOWN_TIME_MS, type UnitState } from '../model/unit-state.ts';

/** How far behind the bookmarks of a table are. */
export interface StreamAge {
  /** Every change that was made longer ago is durable. */
  readonly lagMs: number;
  /** When the oldest change that is not durable will be trimmed, unless it is read before; negative when that is past. */
  readonly timeToLossMs: number;
}

/**
 * The age of what is owed; null where no shard is known, or the time of one is not. A shard that nobody asks any more ages like one that is full of
 * changes: what is in it cannot be known. `nowMs` is compared with times of AWS: clocks that differ by minutes do not
 * matter against hours.
 */
export function streamAge(units: readonly Pick<UnitState, 'position' | 'shard'>[], nowMs: number): StreamAge | null {
  const unfinished = units.filter(({ position }) => position !== 'end');
  // Between the end of the last shard and the discovery of its children only the end is known.
  const verified = verifiedTimes(unfinished);
  const times = verified.length > 0 ? verified : latest(verifiedTimes(units));
  if (times.length === 0 || times.includes(UNKNOWN_TIME_MS)) return null;
  const lagMs = nowMs - times.reduce((oldest, time) => Math.min(oldest, time));
  return { lagMs, timeToLossMs: RETENTION_MS - lagMs };
}

function verifiedTimes(units: readonly Pick<UnitState, 'shard'>[]): readonly number[] {
  return units.flatMap(({ shard }) => (shard === null ? [] : [shard.verifiedThroughMs]));
}

function latest(times: readonly number[]): readonly number[] {
  return times.length === 0 ? [] : [times.reduce((last, time) => Math.max(last, time))];
}
