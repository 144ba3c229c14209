import type { Batch } from '../model/batch.ts';
import type { METADATA_COLUMNS } from '../model/metadata-columns.ts';
import type { TapePage } from '../model/tape.ts';
import { jsonLinesOf } from '../transcode/json-lines.ts';
import { itemText } from './item-text.ts';

type MetadataName = (typeof METADATA_COLUMNS)[number]['name'];

export interface LineMetadata {
  readonly batchedAtMs: number;
  readonly sequence: bigint;
  readonly tableVersion: number;
}

/** Attributes that could be taken for a metadata member, or for one that was renamed because of that. */
const RESERVED = /^(?:attr)*_sdc_/;
const LINE_END = 0x0a;

/**
 * The items of a batch as JSON Lines: every attribute under its own name (see `memberName`) with its exact value, then
 * the metadata members, times in ISO 8601.
 */
export function itemLines(batch: Batch, metadata: LineMetadata): Buffer {
  const lines = hasReservedAttribute(batch.page) ? renamedLines(batch.page) : jsonLinesOf(batch.page);
  return withTails(lines, batch.page.rowCount, Buffer.from(tailOf(batch, metadata)));
}

/** The member of a line that holds an attribute: `_sdc_x` is `attr_sdc_x`, `attr_sdc_x` is `attrattr_sdc_x`. */
export function memberName(attribute: string): string {
  return RESERVED.test(attribute) ? `attr${attribute}` : attribute;
}

function tailOf({ extractedAtMs, receivedAtMs }: Batch, { batchedAtMs, sequence, tableVersion }: LineMetadata): string {
  const values: readonly (readonly [MetadataName, string])[] = [
    ['_sdc_extracted_at', timestamp(extractedAtMs)],
    ['_sdc_received_at', timestamp(receivedAtMs)],
    ['_sdc_batched_at', timestamp(batchedAtMs)],
    ['_sdc_sequence', String(sequence)],
    ['_sdc_table_version', String(tableVersion)],
  ];
  return `${values.map(([name, text]) => `,"${name}":${text}`).join('')}}\n`;
}

/** Puts the tail in the place of the brace and the line end of every line. An item has at least its key. */
function withTails(lines: Buffer, rowCount: number, tail: Buffer): Buffer {
  const out = Buffer.allocUnsafe(lines.length + rowCount * (tail.length - 2));
  let written = 0;
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(LINE_END, start);
    written += lines.copy(out, written, start, end - 1);
    written += tail.copy(out, written);
    start = end + 1;
  }
  return out.subarray(0, written);
}

function hasReservedAttribute({ observed, attributes }: TapePage): boolean {
  return observed.some((observation, id) => observation !== undefined && RESERVED.test(attributes.name(id)));
}

/** As `jsonLinesOf`, only for the rare page that needs other names. */
function renamedLines(page: TapePage): Buffer {
  const lines = Array.from({ length: page.rowCount }, (_, row) => `${itemText(page, row, memberName)}\n`);
  return Buffer.from(lines.join(''));
}

function timestamp(ms: number): string {
  return `"${new Date(ms).toISOString()}"`;
}
