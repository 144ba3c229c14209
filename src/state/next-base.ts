import type { TableState } from '../model/table-state.ts';
import type { UnitState } from '../model/unit-state.ts';

/**
 * A base above every sequence that was ever given to a row of the table: microseconds of the clock, but never at or below
 * an earlier base or the sequence of a shard. A clock that jumped back must not reorder versions.
 */
export function nextBase(options: {
  readonly state: Pick<TableState, 'highestBase'> | null;
  readonly units: readonly Pick<UnitState, 'shard'>[];
  readonly nowMs: number;
}): bigint {
  let floor = options.state?.highestBase ?? 0n;
  for (const { shard } of options.units) if (shard !== null && shard.sequence > floor) floor = shard.sequence;
  const clockBase = BigInt(Math.floor(options.nowMs)) * 1000n;
  return clockBase > floor ? clockBase : floor + 1n;
}
