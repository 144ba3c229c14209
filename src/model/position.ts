/**
 * How far a unit is durable, as text, so that stores compare it with `=`. Never null.
 *
 * Segments:
 *   start           nothing of the segment is durable
 *   after <json>    everything up to the LastEvaluatedKey <json> (DynamoDB JSON, digit for digit as it was answered)
 *   end             the segment is finished
 * Shards (sequence numbers as DynamoDB writes them, compared as big integers):
 *   start           captured: what the shard still holds is read (TRIM_HORIZON), nothing before that is owed
 *   at <number>     not read yet, everything from <number> on is owed
 *   after <number>  everything up to <number> is durable
 *   end             closed and read to its end
 */
export type Position = 'start' | 'end' | `at ${string}` | `after ${string}`;

export function afterKey(lastEvaluatedKey: string): Position {
  return `after ${lastEvaluatedKey}`;
}

/** The ExclusiveStartKey (DynamoDB JSON text) to go on from, or null at the start. Not for `end`. */
export function resumeKey(position: Position): string | null {
  return position.startsWith('after ') ? position.slice('after '.length) : null;
}

/** Where reading a shard goes on. LATEST is never a position: what comes before its first record would be lost. */
export type ShardStart =
  | { readonly kind: 'trim-horizon' }
  | { readonly kind: 'at' | 'after'; readonly sequenceNumber: string };

export function shardPosition(kind: 'at' | 'after', sequenceNumber: string): Position {
  return `${kind} ${sequenceNumber}`;
}

/** Where to read a shard on from; null when it is read to its end. */
export function shardStart(position: Position): ShardStart | null {
  if (position === 'end') return null;
  if (position === 'start') return { kind: 'trim-horizon' };
  const [kind, sequenceNumber = ''] = position.split(' ', 2);
  return { kind: kind === 'at' ? 'at' : 'after', sequenceNumber };
}
