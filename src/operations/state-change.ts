import type { Destination, LoadTarget } from '../load/destination.ts';
import { isCertainlyHeld } from '../model/retention.ts';
import type { FollowedStream, LoadingVersion } from '../model/table-state.ts';
import type { NewUnit, UnitState } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import { formatDuration } from '../platform/format.ts';
import { type MovedUnits, moveUnits } from '../state/move-units.ts';

/** A change of the bookmarks of a table, worked out but not made. */
export interface StateChange extends LoadTarget, Omit<MovedUnits, 'units'> {
  readonly version: number;
  readonly base: bigint;
  readonly units: readonly NewUnit[];
}

/** A table whose bookmarks can be moved. */
export interface EditableTable extends LoadTarget {
  readonly loading: LoadingVersion;
  readonly stream: FollowedStream;
  readonly units: readonly UnitState[];
}

/**
 * Reads the bookmarks of a table that follows its stream. Rejects with TABLE_NOT_FOUND when there are none, and with
 * STATE_NOT_EDITABLE where moving them would lose or double rows, or change nothing.
 */
export async function readEditable({ runStore }: Destination, { source, table }: LoadTarget): Promise<EditableTable> {
  const state = (await runStore.readTables(source)).find((stored) => stored.table === table);
  if (state === undefined) {
    throw new TributaryError('TABLE_NOT_FOUND', `${table} was never replicated from ${source}`, {
      hint: 'There are no bookmarks to move; `tributary state show` lists the tables that have some',
    });
  }
  const refused = (why: string, hint: string): TributaryError =>
    new TributaryError('STATE_NOT_EDITABLE', `The bookmarks of ${table} cannot be moved: ${why}`, { hint });
  const { loading, phase } = state;
  if (state.resetRequested) throw refused('a reset is asked for', 'The next run begins a new version anyway');
  if (loading === null || loading.stream === null) {
    throw refused(
      'it does not follow a stream',
      `Rows of a full reading are only added, they would come twice: tributary reset --table ${table}`,
    );
  }
  if (phase === 'gap' || phase === 'failed') {
    throw refused(
      'changes were lost, and it waits for a decision',
      `Only a new reading makes it whole: tributary reset --table ${table} --in-place`,
    );
  }
  return { source, table, loading, stream: loading.stream, units: await runStore.readUnits(source, table) };
}

/**
 * What moving these units comes to. Throws STATE_NOT_EDITABLE when changes that were trimmed unread would not be noticed
 * any more: at the start of a shard nothing is missed. Also for segments that go forward in a version that is read again:
 * what they leave out would be swept.
 */
export function changeOf(
  { source, table, loading, stream, units }: EditableTable,
  moves: readonly NewUnit[],
  nowMs: number,
): StateChange {
  const before = new Map(units.map((unit) => [unit.unit, unit]));
  const moved = moveUnits(units, moves);
  if (moved.forwardSegmentCount > 0 && stream.gapEndMs !== null) {
    throw new TributaryError(
      'STATE_NOT_EDITABLE',
      `Segments of ${table} cannot go forward while it is read again: rows in between would be taken for deleted`,
      { hint: `To begin the reading anew: tributary reset --table ${table} --in-place` },
    );
  }
  for (const { unit, position } of moved.units) {
    const known = before.get(unit);
    if (position !== 'start' || known === undefined || known.shard === null) continue;
    const { verifiedThroughMs } = known.shard;
    if (known.position === 'start' || isCertainlyHeld(verifiedThroughMs, nowMs)) continue;
    const ageText = formatDuration(nowMs - verifiedThroughMs);
    throw new TributaryError(
      'STATE_NOT_EDITABLE',
      `${unit} of ${table} was last read ${ageText} ago: it cannot go back to its start`,
      {
        hint: 'What was trimmed since would not be noticed: run `tributary sync` first, which records it as a gap',
      },
    );
  }
  return { source, table, version: loading.version, base: loading.base, ...moved };
}

/**
 * Makes the change. From then on a run that is on its way can no longer commit: it ends with FENCED and has to be started
 * again. Rejects with FENCED when another version has been begun since the change was worked out.
 */
export async function applyChange({ runStore }: Destination, change: StateChange): Promise<void> {
  const { source, table, version, base, units } = change;
  await runStore.rewriteUnits({ source, table, version, base, units });
}
