import type { NewUnit } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import type { LogBasedReplication, StreamFacts } from './log-based-replication.ts';
import { readState, startingSchema } from './table-replication.ts';

/** Where a version begins that goes on with what somebody else has loaded elsewhere. */
export interface ForeignBookmarks {
  readonly version: number;
  /** Above the sequence of every unit. */
  readonly base: bigint;
  /** Of the table and the stream that the positions belong to: where they are others now, the next run finds a gap. */
  readonly identity: string;
  readonly streamArn: string;
  readonly laneCount: number;
  readonly units: readonly NewUnit[];
}

/**
 * Begins a table that the destination does not have at these bookmarks: new data only, rows that were loaded elsewhere
 * are not there. Rejects with STATE_NOT_EDITABLE when the destination has the table.
 */
export async function beginFromBookmarks(
  run: LogBasedReplication,
  { facts, bookmarks }: { readonly facts: StreamFacts; readonly bookmarks: ForeignBookmarks },
): Promise<void> {
  const { target, destination, clock, signal } = run;
  if ((await readState(run)) !== null) throw hasTable(target.table);
  const { version, base, identity, streamArn: arn, laneCount } = bookmarks;
  // What comes later gets more than the base; what was given elsewhere does not matter here.
  const units = bookmarks.units.map((unit) => ({ ...unit, shard: unit.shard && { ...unit.shard, sequence: base } }));
  await destination.refresh.begin(
    {
      ...target,
      destinationSchema: run.destinationSchema,
      destinationTable: run.destinationTable,
      ...{ version, base, placement: 'live', identity, layout: facts.layout },
      stream: { arn, laneCount, gapCount: 0, gapEndMs: null },
      units,
      ...(await startingSchema(run, facts.key, { freshSchema: true })),
      answersReset: false,
      gaps: [],
      nowMs: clock.now(),
    },
    { signal },
  );
}

export function hasTable(table: string): TributaryError {
  return new TributaryError('STATE_NOT_EDITABLE', `The destination has ${table} already, with bookmarks of its own`, {
    hint: 'Import into a destination that does not have the table, or leave the table out with --table',
  });
}
