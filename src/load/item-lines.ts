import type { Batch } from '../model/batch.ts';
import { type BatchChanges, ChangeKind } from '../model/change.ts';
import type { CHANGE_COLUMNS, METADATA_COLUMNS } from '../model/metadata-columns.ts';
import type { TapePage } from '../model/tape.ts';
import { jsonLinesOf } from '../transcode/json-lines.ts';
import { itemText } from './item-text.ts';

type MetadataName = (typeof METADATA_COLUMNS)[number]['name'] | (typeof CHANGE_COLUMNS)[number]['name'];

export interface LineMetadata {
  readonly batchedAtMs: number;
  /** Of the rows of a Scan; changes have their own. */
  readonly sequence: bigint;
  readonly tableVersion: number;
  /** Whether the table follows a stream: then every line says when its row was deleted, or null. */
  readonly hasDeletes: boolean;
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
  return withTails(lines, tailsOf(batch, metadata));
}

/** The member of a line that holds an attribute: `_sdc_x` is `attr_sdc_x`, `attr_sdc_x` is `attrattr_sdc_x`. */
export function memberName(attribute: string): string {
  return RESERVED.test(attribute) ? `attr${attribute}` : attribute;
}

/** The tail of each line. Of rows of a Scan it is the same. */
function tailsOf(batch: Batch, metadata: LineMetadata): readonly Buffer[] {
  const { page, changes, extractedAtMs, receivedAtMs } = batch;
  const times = [
    member('_sdc_extracted_at', timestamp(extractedAtMs)),
    member('_sdc_received_at', timestamp(receivedAtMs)),
    member('_sdc_batched_at', timestamp(metadata.batchedAtMs)),
  ].join('');
  const tail = (sequence: bigint, deletion: string): Buffer => {
    const order =
      member('_sdc_sequence', String(sequence)) + member('_sdc_table_version', String(metadata.tableVersion));
    return Buffer.from(`${times}${order}${deletion}}\n`);
  };
  if (changes === null) {
    const one = tail(metadata.sequence, metadata.hasDeletes ? NOT_DELETED : '');
    return Array.from({ length: page.rowCount }, () => one);
  }
  return Array.from(changes.sequences, (sequence, row) => tail(sequence, deletionOf(changes, row)));
}

/** The line of a row that is there, with all that it has, as that of one that was deleted at some time. */
export function deletedLine(line: string, deletedAtMs: number): string {
  return `${line.slice(0, -NOT_DELETED.length - 1)}${deleted(deletedAtMs, 'null')}}`;
}

function deletionOf({ kinds, createdAtMs }: BatchChanges, row: number): string {
  const kind = kinds[row];
  if (kind === ChangeKind.upsert) return NOT_DELETED;
  return deleted(createdAtMs[row] ?? 0, kind === ChangeKind.ttlDelete ? '"ttl"' : 'null');
}

function deleted(atMs: number, by: string): string {
  return member('_sdc_deleted_at', timestamp(atMs)) + member('_sdc_deleted_by', by);
}

function member(name: MetadataName, json: string): string {
  return `,"${name}":${json}`;
}

const NOT_DELETED = member('_sdc_deleted_at', 'null') + member('_sdc_deleted_by', 'null');

/** Puts a tail in the place of the brace and the line end of each line. An item has at least its key. */
function withTails(lines: Buffer, tails: readonly Buffer[]): Buffer {
  const out = Buffer.allocUnsafe(tails.reduce((sum, tail) => sum + tail.length - 2, lines.length));
  let written = 0;
  let start = 0;
  for (const tail of tails) {
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
