import { randomUUID } from 'node:crypto';
import type { Attributes, AttributeValue } from './attribute-value.ts';
import { attributesOf, createEntry, type Entry } from './entry.ts';
import { buildIndexEntries } from './index-entries.ts';
import { type ItemChange, type ItemImage, sameItem } from './item-change.ts';
import { checkedKey, checkKeyValue, type Position, positionOf } from './key-position.ts';
import { createOrderedEntries } from './ordered-entries.ts';
import { validationError } from './service-error.ts';
import type { Stream } from './stream.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { IndexDefinition, TableDefinition } from './table-definition.ts';

/** An item's size limit, names included (Quotas, Item size). */
const MAX_ITEM_BYTES = 400 * 1024;

/** What a write has changed: DynamoDB JSON of the item before and after it, null where there was or is none. */
export interface WriteResult {
  readonly before: string | null;
  readonly after: string | null;
  /** Size that the write is charged for: the larger of the two. */
  readonly sizeBytes: number;
}

export type TableStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';

export interface TimeToLive {
  readonly attribute: string;
}

interface ItemWrite {
  readonly key: Attributes;
  /** Null deletes. */
  readonly item: Attributes | null;
  readonly expired: boolean;
}

/** One table with its items. All changes of items go through `write`. */
export class Table {
  definition: TableDefinition;
  status: TableStatus = 'ACTIVE';
  timeToLive: TimeToLive | null = null;
  pointInTimeRecovery = false;
  /** Outlives being disabled: DescribeTable still shows its ARN then. */
  latestStream: Stream | null = null;
  /** Set by tests: DynamoDB refreshes these figures only about every six hours. */
  reportedStatistics: { readonly itemCount: number; readonly sizeBytes: number } | null = null;
  /** By index name; set by tests, ACTIVE where absent. */
  readonly indexStatuses = new Map<string, TableStatus>();
  readonly id = randomUUID();
  readonly createdAtMs: number;
  /** Keys of empty pages, which belong to no item: the position that a Scan goes on from. */
  readonly virtualKeys = new Map<string, Position>();
  readonly #entries = new Map<Position, Entry>();
  readonly #order = createOrderedEntries();
  /** By definition: an index that is made again under its name is another one. */
  readonly #indexes = new WeakMap<IndexDefinition, { readonly revision: number; readonly entries: readonly Entry[] }>();
  #revision = 0;
  #sizeBytes = 0;
  readonly #streams: StreamRegistry;

  constructor(
    definition: TableDefinition,
    { nowMs, streams }: { readonly nowMs: number; readonly streams: StreamRegistry },
  ) {
    this.definition = definition;
    this.createdAtMs = nowMs;
    this.#streams = streams;
    this.startStream();
  }

  /** Opens the stream that the definition asks for, if any. */
  startStream(): void {
    const { stream } = this.definition;
    if (stream !== null) this.latestStream = this.#streams.enable(this.definition, stream.viewType);
  }

  stopStream(): void {
    if (this.latestStream?.isEnabled === true) this.latestStream.disable(this.#streams.now());
  }

  get itemCount(): number {
    return this.#entries.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** All items in Scan order, or those that an index holds, in the index's order. */
  entries(index: IndexDefinition | null): readonly Entry[] {
    if (index === null) return this.#order.sorted;
    const built = this.#indexes.get(index);
    if (built?.revision === this.#revision) return built.entries;
    const entries = buildIndexEntries(this.#order.sorted, index, this.definition.key);
    this.#indexes.set(index, { revision: this.#revision, entries });
    return entries;
  }

  get(key: Attributes): Attributes | null {
    const entry = this.#entries.get(this.#positionOf(key));
    return entry === undefined ? null : attributesOf(entry);
  }

  put(item: Attributes): WriteResult {
    const key = checkedKey(item, this.definition.key);
    for (const index of this.definition.indexes) {
      for (const attribute of index.key) {
        const value = item.get(attribute.name);
        if (value !== undefined) checkKeyValue(value, attribute, 'Type mismatch for Index Key');
      }
    }
    return this.#write({ key, item, expired: false });
  }

  delete(key: Attributes): WriteResult {
    return this.#write({ key: this.checkedKey(key), item: null, expired: false });
  }

  /** Deletes as time to live does. */
  expire(key: Attributes): void {
    this.#write({ key: this.checkedKey(key), item: null, expired: true });
  }

  /** A text that two items share exactly when their keys are equal. */
  identityOf(attributes: Attributes): string {
    return this.#positionOf(checkedKey(attributes, this.definition.key));
  }

  /** The key of a GetItem, UpdateItem or DeleteItem, which must hold the key attributes and nothing else. */
  checkedKey(key: Attributes): Attributes {
    if (key.size !== this.definition.key.length) {
      throw validationError('The number of conditions on the keys is invalid');
    }
    return checkedKey(key, this.definition.key);
  }

  /** The one place where items change. */
  #write({ key, item, expired }: ItemWrite): WriteResult {
    const position = this.#positionOf(key);
    const entry = this.#entries.get(position);
    const before: ItemImage | null = entry === undefined ? null : { json: entry.json, sizeBytes: entry.sizeBytes };
    const written = item === null ? null : createEntry(position, item);
    const beforeBytes = before?.sizeBytes ?? 0;
    const afterBytes = written?.sizeBytes ?? 0;
    if (afterBytes > MAX_ITEM_BYTES) throw validationError('Item size has exceeded the maximum allowed size');
    this.#revision++;
    this.#sizeBytes += afterBytes - beforeBytes;
    if (written === null) {
      this.#remove(entry);
    } else if (entry === undefined) {
      this.#entries.set(position, written);
      this.#order.add(written);
    } else {
      entry.json = written.json;
      entry.sizeBytes = written.sizeBytes;
    }
    this.#report({ position, key, before, after: written, expired });
    return { before: before?.json ?? null, after: written?.json ?? null, sizeBytes: Math.max(beforeBytes, afterBytes) };
  }

  /** To the stream and to whoever listens; a write that changes nothing leaves no record. */
  #report(change: ItemChange): void {
    const { name } = this.definition;
    const stream = this.latestStream?.isEnabled === true ? this.latestStream : null;
    if (stream === null && !this.#streams.isHeard(name)) return;
    if (sameItem(change.before, change.after)) return;
    stream?.append(change, this.#streams.now());
    this.#streams.notify(name, change);
  }

  #remove(entry: Entry | undefined): void {
    if (entry === undefined) return;
    entry.deleted = true;
    this.#entries.delete(entry.position);
    this.#order.removed();
  }

  #positionOf(attributes: Attributes): Position {
    const position = positionOf(attributes, this.definition.key);
    if (position === null) throw validationError('One of the required keys was not given a value');
    return position;
  }
}

/** The attributes among `names` that an item has, in the order of the names. */
export function pick(attributes: Attributes, names: Iterable<string>): Attributes {
  const picked = new Map<string, AttributeValue>();
  for (const name of names) {
    const value = attributes.get(name);
    if (value !== undefined) picked.set(name, value);
  }
  return picked;
}
