import type { Clock } from '../platform/clock.ts';
import { stateMessage } from '../singer/messages.ts';
import { formatTapState, type TapBookmark, type TapState } from '../singer/tap-state.ts';
import type { SingerOutput } from './output.ts';

/** A state of this size is not said after each commit: readers repeat, log and store it each time. */
const LARGE_STATE_BYTES = 256 * 1024;
const LARGE_STATE_INTERVAL_MS = 10_000;

/**
 * When STATE is said. Targets take what they like from it, so:
 * - Directly before the first rows of a run comes the state that the run began with: some take the first one that they see
 *   for loaded, whatever came before.
 * - No STATE comes before that: some repeat only their first when no rows come at all. A run without rows says one, at its
 *   end.
 */
export interface StateMessages {
  /** Directly before rows. */
  beforeRows(table: string): Promise<void>;
  /** The bookmark of the table is another. With `say`: everything that it covers has been written. */
  changed(table: string): void;
  /** Says what has changed, unless it is too early for that. */
  say(): Promise<void>;
  /** Says what has changed and was not said. */
  last(): Promise<void>;
}

export function createStateMessages(options: {
  readonly output: SingerOutput;
  /** That the run begins with. */
  readonly state: TapState;
  readonly bookmarkOf: (table: string) => TapBookmark;
  readonly clock: Clock;
}): StateMessages {
  const { output, state, bookmarkOf, clock } = options;
  const bookmarks = new Map(state.bookmarks);
  const changed = new Set<string>();
  let hasRows = false;
  let syncing: string | null = null;
  let lastSize = 0;
  let lastAtMs = 0;

  const write = async (): Promise<void> => {
    if (changed.size === 0) return;
    for (const table of changed) bookmarks.set(table, bookmarkOf(table));
    changed.clear();
    const message = stateMessage(formatTapState({ bookmarks, rest: state.rest }, syncing));
    lastSize = message.length;
    lastAtMs = clock.now();
    await output.write(message);
  };

  return {
    async beforeRows(table) {
      if (hasRows) return;
      hasRows = true;
      await output.write(stateMessage(formatTapState(state, table)));
    },
    changed(table) {
      changed.add(table);
      syncing = table;
    },
    async say() {
      if (!hasRows) return;
      // A clock that was set back must not put it off.
      const isEarly = Math.abs(clock.now() - lastAtMs) < LARGE_STATE_INTERVAL_MS;
      if (lastSize <= LARGE_STATE_BYTES || !isEarly) await write();
    },
    last: write,
  };
}
