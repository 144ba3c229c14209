import { randomUUID } from 'node:crypto';
import type { Attributes, AttributeValue } from './attribute-value.ts';
import { attributesOf, createEntry, type Entry } from './entry.ts';
import { buildIndexEntries } from './index-entries.ts';
import { checkedKey, checkKeyValue, type Position, positionOf } from './key-position.ts';
import { createOrderedEntries } from './ordered-entries.ts';
import { validationError } from './service-error.ts';
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

/** One table with its items. All changes of items go through `write`. */
export class Table {
  definition: TableDefinition;
  status: TableStatus = 'ACTIVE';
  timeToLive: TimeToLive | null = null;
  pointInTimeRecovery = false;
  /** The ARN outlives the stream: DescribeTable shows it after the stream is disabled. */
  latestStreamArn: string | null = null;
  latestStreamLabel: string | null = null;
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

  constructor(definition: TableDefinition, nowMs: number) {
    this.definition = definition;
    this.createdAtMs = nowMs;
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
    checkedKey(item, this.definition.key);
    for (const index of this.definition.indexes) {
      for (const attribute of index.key) {
        const value = item.get(attribute.name);
        if (value !== undefined) checkKeyValue(value, attribute, 'Type mismatch for Index Key');
      }
    }
    return this.#write(this.#positionOf(item), item);
  }

  delete(key: Attributes): WriteResult {
    return this.#write(this.#positionOf(this.checkedKey(key)), null);
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

  /** The one place where items change; streams will hang on to it. */
  #write(position: Position, item: Attributes | null): WriteResult {
    const entry = this.#entries.get(position);
    const before = entry?.json ?? null;
    const beforeBytes = entry?.sizeBytes ?? 0;
    const written = item === null ? null : createEntry(position, item);
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
    return { before, after: written?.json ?? null, sizeBytes: Math.max(beforeBytes, afterBytes) };
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
