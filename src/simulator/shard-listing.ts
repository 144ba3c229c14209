import type { StreamShard } from './stream-shard.ts';

interface ShardPage {
  readonly shards: readonly StreamShard[];
  /** ExclusiveStartShardId of the next page; null where this is the last. */
  readonly lastEvaluatedId: string | null;
}

/** The shards that DescribeStream knows, and how badly it lists them. */
export class ShardListing {
  /** Pages run from the youngest shard to the oldest, so that children come before the page of their parent. */
  childrenFirst = false;
  readonly #shards = new Map<string, StreamShard>();
  /** In order of ids, which is the order of creation. */
  #ordered: StreamShard[] = [];
  readonly #children = new Map<string, StreamShard[]>();

  get size(): number {
    return this.#ordered.length;
  }

  /** In order of creation, hidden ones too. */
  get all(): readonly StreamShard[] {
    return this.#ordered;
  }

  get(id: string): StreamShard | null {
    return this.#shards.get(id) ?? null;
  }

  add(shard: StreamShard): void {
    this.#shards.set(shard.id, shard);
    this.#ordered.push(shard);
    if (shard.parentId === null) return;
    const siblings = this.#children.get(shard.parentId);
    if (siblings === undefined) this.#children.set(shard.parentId, [shard]);
    else siblings.push(shard);
  }

  /** Children of a shard that is gone are still known as its children. */
  remove(gone: readonly StreamShard[]): void {
    for (const { id, parentId } of gone) {
      this.#shards.delete(id);
      if (parentId === null) continue;
      const siblings = (this.#children.get(parentId) ?? []).filter((sibling) => sibling.id !== id);
      if (siblings.length === 0) this.#children.delete(parentId);
      else this.#children.set(parentId, siblings);
    }
    this.#ordered = this.#ordered.filter(({ id }) => this.#shards.has(id));
  }

  page({ startAfter, limit }: { readonly startAfter: string | null; readonly limit: number }): ShardPage {
    const order = this.childrenFirst ? [...this.#ordered].reverse() : this.#ordered;
    const first = startAfter === null ? 0 : this.#indexBehind(order, startAfter);
    const page = order.slice(first, first + limit);
    const shards = page.filter(isShown);
    const last = shards.at(-1) ?? page.at(-1);
    return { shards, lastEvaluatedId: first + limit < order.length && last !== undefined ? last.id : null };
  }

  children(parentId: string): readonly StreamShard[] {
    return (this.#children.get(parentId) ?? []).filter(isShown);
  }

  #indexBehind(order: readonly StreamShard[], id: string): number {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = order[middle]?.id ?? '';
      if (this.childrenFirst ? other >= id : other <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Uses up one of the answers that a hidden shard is left out of. */
function isShown(shard: StreamShard): boolean {
  if (shard.hiddenAnswers === 0) return true;
  shard.hiddenAnswers--;
  return false;
}
