import { type Attributes, attributesJson, attributesSizeBytes, parseAttributes } from './attribute-value.ts';
import type { Position } from './key-position.ts';

/** An item of a table or of an index, its DynamoDB JSON written once, so that a page is a join of strings. */
export interface Entry {
  readonly position: Position;
  json: string;
  sizeBytes: number;
  deleted: boolean;
}

export function createEntry(position: Position, attributes: Attributes): Entry {
  return { position, json: attributesJson(attributes), sizeBytes: attributesSizeBytes(attributes), deleted: false };
}

/** The attributes of a stored item. What was stored once is valid, so this cannot fail. */
export function attributesOf(entry: Entry): Attributes {
  return parseAttributes(JSON.parse(entry.json));
}
