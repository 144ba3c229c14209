/**
 * How far a unit is durable, as text, so that stores compare it with `=`. Never null: an unread segment is `start`.
 *   start           nothing of the segment is durable
 *   after <json>    everything up to the LastEvaluatedKey <json> (DynamoDB JSON, digit for digit as it was answered)
 *   end             the segment is finished
 */
export type Position = 'start' | 'end' | `after ${string}`;

export function afterKey(lastEvaluatedKey: string): Position {
  return `after ${lastEvaluatedKey}`;
}

/** The ExclusiveStartKey (DynamoDB JSON text) to go on from, or null at the start. Not for `end`. */
export function resumeKey(position: Position): string | null {
  return position.startsWith('after ') ? position.slice('after '.length) : null;
}
