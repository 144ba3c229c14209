/** Items by the time when they are due; equal times in the order in which they were put in. Each operation is O(log n). */
export interface DueQueue<Item> {
  /** Puts an item in, or to another time. */
  set(item: Item, dueAtMs: number): void;
  /** Takes out what has been due for longest; null when nothing is. */
  take(nowMs: number): Item | null;
  /** Infinity when it is empty. */
  nextDueMs(): number;
}

interface Entry<Item> {
  readonly item: Item;
  readonly dueAtMs: number;
  readonly order: number;
}

/** Nothing is ever put off for longer, so what lies further ahead is due: the clock was set back. */
const HORIZON_MS = 60_000;

export function createDueQueue<Item>(): DueQueue<Item> {
  /** A binary heap. Entries of items that have got another time since stay in it until their turn comes. */
  const heap: Entry<Item>[] = [];
  const current = new Map<Item, Entry<Item>>();
  let order = 0;

  const dropStale = (): Entry<Item> | undefined => {
    for (let first = heap[0]; first !== undefined; first = heap[0]) {
      if (current.get(first.item) === first) return first;
      removeFirst(heap);
    }
    return undefined;
  };

  return {
    set(item, dueAtMs) {
      order += 1;
      const entry = { item, dueAtMs, order };
      current.set(item, entry);
      insert(heap, entry);
    },
    take(nowMs) {
      const first = dropStale();
      if (first === undefined || (first.dueAtMs > nowMs && first.dueAtMs <= nowMs + HORIZON_MS)) return null;
      removeFirst(heap);
      current.delete(first.item);
      return first.item;
    },
    nextDueMs: () => dropStale()?.dueAtMs ?? Number.POSITIVE_INFINITY,
  };
}

function isBefore<Item>(a: Entry<Item>, b: Entry<Item>): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.order < b.order);
}

function insert<Item>(heap: Entry<Item>[], entry: Entry<Item>): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >>> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(entry, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function removeFirst<Item>(heap: Entry<Item>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    let child = heap[below];
    const right = heap[below + 1];
    if (child !== undefined && right !== undefined && isBefore(right, child)) {
      child = right;
      below += 1;
    }
    if (child === undefined || !isBefore(child, last)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
}
