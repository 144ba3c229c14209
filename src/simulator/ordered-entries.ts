import type { Entry } from './entry.ts';
import { type Position, type ScanSegment, segmentOf } from './key-position.ts';

export interface OrderedEntries {
  readonly sorted: readonly Entry[];
  add(entry: Entry): void;
  /** Call after setting `deleted` on an entry. */
  removed(): void;
}

/**
 * Entries in the order of their positions. Writes only note what changed; the order is repaired on the next read, by
 * one merge, so that filling a table and reading it are both linear.
 */
export function createOrderedEntries(): OrderedEntries {
  let sorted: Entry[] = [];
  let added: Entry[] = [];
  let anyRemoved = false;
  return {
    get sorted() {
      if (anyRemoved) {
        sorted = sorted.filter((entry) => !entry.deleted);
        added = added.filter((entry) => !entry.deleted);
        anyRemoved = false;
      }
      if (added.length > 0) {
        sorted = merge(sorted, added.sort(byPosition));
        added = [];
      }
      return sorted;
    },
    add: (entry) => added.push(entry),
    removed: () => {
      anyRemoved = true;
    },
  };
}

/** The entries of one segment as a range [from, to) of indexes. */
export function segmentRange(
  entries: readonly Entry[],
  { segment, totalSegments }: ScanSegment,
): { readonly from: number; readonly to: number } {
  const firstOf = (wanted: number): number =>
    partitionPoint(entries, (entry) => segmentOf(entry.position, totalSegments) < wanted);
  return { from: firstOf(segment), to: firstOf(segment + 1) };
}

/** Index of the first entry behind `position`. */
export function indexAfter(entries: readonly Entry[], position: Position): number {
  return partitionPoint(entries, (entry) => entry.position <= position);
}

/** Number of leading entries for which `before` holds; it must hold for a prefix. */
function partitionPoint(entries: readonly Entry[], before: (entry: Entry) => boolean): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && before(entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function merge(left: readonly Entry[], right: readonly Entry[]): Entry[] {
  const merged: Entry[] = [];
  let taken = 0;
  for (const entry of left) {
    for (let next = right[taken]; next !== undefined && next.position < entry.position; next = right[taken]) {
      merged.push(next);
      taken++;
    }
    merged.push(entry);
  }
  for (; taken < right.length; taken++) {
    const next = right[taken];
    if (next !== undefined) merged.push(next);
  }
  return merged;
}

function byPosition(a: Entry, b: Entry): number {
  return a.position < b.position ? -1 : a.position > b.position ? 1 : 0;
}
