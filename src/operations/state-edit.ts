import { suggestion } from '../config/suggestion.ts';
import type { Destination } from '../load/destination.ts';
import type { Position } from '../model/position.ts';
import { type ShardBookmark, UNKNOWN_TIME_MS } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import { parsePosition, parseUnitId } from '../state/position-text.ts';
import { changeOf, readEditable, type StateChange } from './state-change.ts';

export interface StateEdit {
  readonly from: Position;
  readonly to: Position;
  readonly change: StateChange;
}

/** What putting one unit elsewhere comes to. Rejects with USAGE for a unit or a position that there is not. */
export async function planStateEdit(request: {
  readonly source: string;
  readonly table: string;
  /** As a person writes them. */
  readonly unit: string;
  readonly position: string;
  readonly destination: Destination;
  readonly nowMs: number;
}): Promise<StateEdit> {
  const unit = parseUnitId(request.unit);
  const to = parsePosition(unit, request.position);
  const editable = await readEditable(request.destination, request);
  const known = editable.units.find((state) => state.unit === unit);
  if (known === undefined) {
    const meant = suggestion(
      unit,
      editable.units.map((state) => state.unit),
    );
    throw new TributaryError('USAGE', `${request.table} has no unit ${unit}`, {
      hint: meant === null ? `\`tributary state show --table ${request.table}\` lists them` : `Did you mean ${meant}?`,
    });
  }
  return {
    from: known.position,
    to,
    change: changeOf(editable, [{ unit, position: to, shard: shardAt(to, known.shard) }], request.nowMs),
  };
}

/** When a number was written nobody knows: so the first that is trimmed there is taken for lost, whatever was read before. */
function shardAt(position: Position, shard: ShardBookmark | null): ShardBookmark | null {
  return shard === null || position === 'start' || position === 'end'
    ? shard
    : { ...shard, verifiedThroughMs: UNKNOWN_TIME_MS };
}
