import type { Connection } from '../connection/clients.ts';
import { createStreamCalls } from '../connection/stream-calls.ts';
import { describeReadable } from '../discovery/readable-table.ts';
import { createDescribeRate } from '../extract/streams/describe-rate.ts';
import { listShards } from '../extract/streams/list-shards.ts';
import type { Destination } from '../load/destination.ts';
import { isCertainlyHeld } from '../model/retention.ts';
import { parseTableRef } from '../model/table.ts';
import { shardUnit, type UnitId } from '../model/unit.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import { type Logger, prefixedLogger } from '../platform/logger.ts';
import { changeOf, readEditable, type StateChange } from './state-change.ts';

interface RewindRequest {
  readonly source: string;
  readonly table: string;
  readonly connection: Connection;
  readonly destination: Destination;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * What it comes to when every shard that the stream still holds goes back to its start, finished ones too. The changes of
 * up to 24 hours are then applied again, in their order, by the next run. Rejects with STATE_NOT_EDITABLE when the stream
 * is not the one that the bookmarks belong to.
 */
export async function planRewind(request: RewindRequest): Promise<StateChange> {
  const { table, connection, destination, clock, signal } = request;
  const log = prefixedLogger(request.log, `${table}: `);
  const editable = await readEditable(destination, request);
  const onWait = (message: string): void => log.info(message);
  const readable = await describeReadable(connection, parseTableRef(table), { clock, signal, onWait });
  const { loading, units } = editable;
  const streamArn = editable.stream.arn;
  if (readable.table.stream.arn !== streamArn || readable.table.identity !== loading.identity) {
    throw new TributaryError('STATE_NOT_EDITABLE', `${table} or its stream was replaced since it was last read`, {
      hint: 'Run `tributary sync`: it records the gap and reads the table again',
    });
  }
  const calls = createStreamCalls(connection);
  const { awsTime } = connection;
  const listing = await listShards({ calls, rate: createDescribeRate(clock), streamArn, awsTime, clock, log, signal });
  const listed = new Set<UnitId>(listing.shards.map(({ shardId }) => shardUnit(shardId)));
  const nowMs = awsTime.now();
  const moves = units.filter(({ unit, position, shard }) => {
    if (shard === null || !listed.has(unit)) return false;
    // What a finished shard of a day ago still shows is trimmed before it is read again.
    return position !== 'end' || isCertainlyHeld(shard.verifiedThroughMs, nowMs);
  });
  return changeOf(
    editable,
    moves.map(({ unit, shard }) => ({ unit, position: 'start', shard })),
    nowMs,
  );
}
