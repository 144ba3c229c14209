import type { CommitReceipt } from '../../src/load/destination.ts';
import type { DynamoItem } from './dynamo-item.ts';
import { STREAM, shards } from './stream-samples.ts';
import { baseOf, type LaneLoader, type TableLoader, tableLoader } from './table-loader.ts';
import type { Subject } from './test-place.ts';

type LoaderOptions = NonNullable<Parameters<typeof tableLoader>[0]>;

/** A table that follows a stream, and a lane with units of it. */
export interface FollowedTable {
  readonly loader: TableLoader;
  readonly lane: LaneLoader;
}

/** A sequence above the base of version 1: of a change. */
export function above(n: number): bigint {
  return baseOf(1) + BigInt(n);
}

/** Version 1, in sight of readers, whose snapshot has one segment and is not finished; the lane has all units. */
export async function snapshotting(subject: Subject, options: LoaderOptions = {}): Promise<FollowedTable> {
  const loader = tableLoader({ stream: STREAM, shards: shards(2), totalSegments: 1, ...options });
  await loader.begin(subject.destination, 1, { placement: 'live' });
  return { loader, lane: await loader.open(subject.destination, 1) };
}

/** Version 1 behind its snapshot, which has read these items; the lane has all shards. */
export async function following(
  subject: Subject,
  items: readonly DynamoItem[],
  options: LoaderOptions = {},
): Promise<FollowedTable> {
  const { loader, lane } = await snapshotting(subject, options);
  if (items.length > 0) await lane.write(items);
  await lane.commitAll(loader.units.map((unit) => ({ unit, to: 'end' })));
  await lane.load.close();
  await loader.finish(subject.destination, 1);
  return { loader, lane: await loader.open(subject.destination, 1, loader.shards) };
}

/** The rows that a commit has accounted for, whatever became of them. */
export function accountedRows(receipt: CommitReceipt): number {
  const { upsertedRows, deletedRows, compactedRows, supersededRows, rejectedRows } = receipt;
  return upsertedRows + deletedRows + compactedRows + supersededRows + rejectedRows;
}
