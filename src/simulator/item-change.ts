import type { Attributes, AttributeValue } from './attribute-value.ts';
import { parseAttributes } from './attribute-value.ts';
import type { Position } from './key-position.ts';

/** An item as it is stored: its DynamoDB JSON and its size. */
export interface ItemImage {
  readonly json: string;
  readonly sizeBytes: number;
}

/** A write that changed an item, as streams see it. */
export interface ItemChange {
  readonly position: Position;
  /** The key attributes. */
  readonly key: Attributes;
  readonly before: ItemImage | null;
  readonly after: ItemImage | null;
  /** Deleted by time to live. */
  readonly expired: boolean;
}

/** Whether two images hold the same values; neither the order of attributes nor that of a set's members counts. */
export function sameItem(before: ItemImage | null, after: ItemImage | null): boolean {
  if (before === null || after === null) return before === after;
  if (before.json === after.json) return true;
  if (before.sizeBytes !== after.sizeBytes) return false;
  return sameAttributes(parseAttributes(JSON.parse(before.json)), parseAttributes(JSON.parse(after.json)));
}

function sameAttributes(left: Attributes, right: Attributes): boolean {
  return (
    left.size === right.size &&
    [...left].every(([name, value]) => {
      const other = right.get(name);
      return other !== undefined && sameValue(value, other);
    })
  );
}

function sameValue(left: AttributeValue, right: AttributeValue): boolean {
  if (left.type !== right.type) return false;
  if ('texts' in left && 'texts' in right) {
    const members = new Set(right.texts);
    return left.texts.length === members.size && left.texts.every((text) => members.has(text));
  }
  if ('values' in left && 'values' in right) {
    return (
      left.values.length === right.values.length &&
      left.values.every((value, index) => {
        const other = right.values[index];
        return other !== undefined && sameValue(value, other);
      })
    );
  }
  if ('entries' in left && 'entries' in right) return sameAttributes(left.entries, right.entries);
  if ('text' in left && 'text' in right) return left.text === right.text;
  return 'value' in left && 'value' in right ? left.value === right.value : true;
}
