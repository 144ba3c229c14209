import { ChangeKind, type ChangeRows } from '../model/change.ts';
import type { ParsedProjection } from '../model/projection.ts';
import type { TapePage } from '../model/tape.ts';
import { TributaryError } from '../platform/errors.ts';
import { type AnswerFields, corruptAnswer, scanAnswer } from './answer-fields.ts';
import type { AttributeDictionary } from './attribute-names.ts';
import { CLOSE_BRACKET, COMMA, expectByte, OPEN_BRACKET, skipSpace } from './json-bytes.ts';
import { lastRows } from './last-rows.ts';
import { projectionTree } from './projection-tree.ts';
import { refuse } from './refuse.ts';
import { createStreamRecord, type StreamRecord, scanRecord } from './scan-record.ts';
import { beginPage, endPage, scanProjectedRow, scanRow } from './scan-row.ts';

export interface RecordsOptions {
  /** Shared with the Scan of the same table. */
  readonly names: AttributeDictionary;
  /** Applied to images, as DynamoDB's own Scan applies it to items. */
  readonly projection: ParsedProjection | null;
  /** What the row of a delete holds: the key only, or the item as it was (needs NEW_AND_OLD_IMAGES). */
  readonly deletedImage: 'key' | 'old';
  /** What becomes of deletes by Time to Live: deletes like others, no rows, or rows of ChangeKind.ttlDelete. */
  readonly ttlDeletes: 'replicate' | 'ignore' | 'flag';
}

/** The answer of one GetRecords call. */
export interface RecordsPage {
  /** One row for each record that is not ignored, in the order of the stream. */
  readonly page: TapePage;
  /** Parallel to the rows. */
  readonly changes: ChangeRows;
  /** Records of the answer, ignored ones included. */
  readonly recordCount: number;
  readonly ignoredSequenceNumbers: readonly string[];
  /** Of the last record of the answer, ignored or not; null without records. */
  readonly lastSequenceNumber: string | null;
  readonly lastCreatedAtMs: number | null;
  /** Null: the shard is closed and drained. */
  readonly nextShardIterator: string | null;
}

/**
 * Transcodes the body of a successful GetRecords answer in one pass over the images. The body then belongs to the page:
 * nobody may write to it. Throws ANSWER_CORRUPT for what is no whole answer or has numbers that do not rise,
 * ITEM_MALFORMED for JSON that holds no stream records, STREAM_VIEW_TYPE where an image is missing that is needed.
 */
export function transcodeRecordsPage(body: Buffer, options: RecordsOptions): RecordsPage {
  const { page: records, fields } = scanAnswer(body, {
    operation: 'GetRecords',
    listName: 'Records',
    scanList: (at) => scanRecords(body, at, options),
  });
  if (records === null) throw corruptAnswer('GetRecords', body, 'it has no Records');
  return { ...records, nextShardIterator: nextShardIteratorIn(fields, body) };
}

/**
 * The same page without every record up to `sequenceNumber`, which may be one that the page does not have: what is left
 * of an answer that begins with records read before.
 */
export function recordsAfter(records: RecordsPage, sequenceNumber: string): RecordsPage {
  const { page, changes } = records;
  const last = BigInt(sequenceNumber);
  const isAfter = (number: string): boolean => BigInt(number) > last;
  // Numbers rise within an answer, so the rows that are left are its last ones.
  const firstKept = changes.sequenceNumbers.findIndex(isAfter);
  const row = firstKept < 0 ? page.rowCount : firstKept;
  const ignoredSequenceNumbers = records.ignoredSequenceNumbers.filter(isAfter);
  const rowCount = page.rowCount - row;
  const recordCount = rowCount + ignoredSequenceNumbers.length;
  if (recordCount === records.recordCount) return records;
  return {
    ...records,
    page: lastRows(page, row),
    changes: {
      kinds: changes.kinds.subarray(row),
      sequenceNumbers: changes.sequenceNumbers.slice(row),
      createdAtMs: changes.createdAtMs.subarray(row),
    },
    recordCount,
    ignoredSequenceNumbers,
    lastSequenceNumber: recordCount === 0 ? null : records.lastSequenceNumber,
    lastCreatedAtMs: recordCount === 0 ? null : records.lastCreatedAtMs,
  };
}

/** What a page of records holds so far. */
interface Collected {
  readonly kinds: number[];
  readonly sequenceNumbers: string[];
  readonly createdAtMs: number[];
  readonly ignoredSequenceNumbers: string[];
  lastSequenceNumber: string | null;
  lastCreatedAtMs: number | null;
}

type ScannedRecords = Omit<RecordsPage, 'nextShardIterator'>;

function scanRecords(body: Buffer, at: number, options: RecordsOptions): { page: ScannedRecords; end: number } {
  const { names } = options;
  const wanted = options.projection === null ? null : projectionTree(options.projection);
  const scanImage = (imageAt: number): number =>
    wanted === null ? scanRow(imageAt, names) : scanProjectedRow(imageAt, names, wanted);
  const reading = { scan: beginPage(body, names), record: createStreamRecord(), scanNewImage: scanImage };
  const collected: Collected = {
    kinds: [],
    sequenceNumbers: [],
    createdAtMs: [],
    ignoredSequenceNumbers: [],
    lastSequenceNumber: null,
    lastCreatedAtMs: null,
  };
  let i = skipSpace(body, expectByte(body, at, OPEN_BRACKET));
  if (body[i] !== CLOSE_BRACKET) {
    for (;;) {
      const recordAt = i;
      i = skipSpace(body, scanRecord(reading, i));
      collect(collected, reading.record, { body, recordAt, options, scanImage });
      if (body[i] !== COMMA) break;
      i++;
    }
    if (body[i] !== CLOSE_BRACKET) refuse(body, i);
  }
  const { kinds, sequenceNumbers, createdAtMs, ignoredSequenceNumbers } = collected;
  const page: ScannedRecords = {
    page: endPage(names),
    changes: { kinds: Uint8Array.from(kinds), sequenceNumbers, createdAtMs: Float64Array.from(createdAtMs) },
    recordCount: sequenceNumbers.length + ignoredSequenceNumbers.length,
    ignoredSequenceNumbers,
    lastSequenceNumber: collected.lastSequenceNumber,
    lastCreatedAtMs: collected.lastCreatedAtMs,
  };
  return { page, end: i + 1 };
}

interface Place {
  readonly body: Buffer;
  readonly recordAt: number;
  readonly options: RecordsOptions;
  readonly scanImage: (at: number) => number;
}

/** Judges a record that has been read whole, since its members come in any order, and sees to the row of a delete. */
function collect(collected: Collected, record: StreamRecord, place: Place): void {
  const { body, recordAt, options } = place;
  const { eventName, sequenceNumber, createdAtMs } = record;
  if (eventName === null || sequenceNumber === null || createdAtMs === null) refuse(body, recordAt);
  const { lastSequenceNumber } = collected;
  if (lastSequenceNumber !== null && !isGreater(sequenceNumber, lastSequenceNumber)) {
    throw corruptAnswer('GetRecords', body, 'its sequence numbers do not rise');
  }
  collected.lastSequenceNumber = sequenceNumber;
  collected.lastCreatedAtMs = createdAtMs;
  const isTtlDelete = eventName === 'REMOVE' && record.isTtl;
  if (isTtlDelete && options.ttlDeletes === 'ignore') {
    if (record.newImageAt >= 0) refuse(body, recordAt);
    collected.ignoredSequenceNumbers.push(sequenceNumber);
    return;
  }
  let kind: number = ChangeKind.upsert;
  if (eventName === 'REMOVE') {
    // A new image would be a row by now.
    if (record.newImageAt >= 0) refuse(body, recordAt);
    scanDeleted(record, place);
    kind = isTtlDelete && options.ttlDeletes === 'flag' ? ChangeKind.ttlDelete : ChangeKind.delete;
  } else if (record.newImageAt < 0) throw missingImage('new image', `${eventName} record`);
  collected.kinds.push(kind);
  collected.sequenceNumbers.push(sequenceNumber);
  collected.createdAtMs.push(createdAtMs);
}

/** Makes what a delete leaves the next row. A key is whole whatever the projection, which has to have it anyway. */
function scanDeleted(record: StreamRecord, { body, recordAt, options, scanImage }: Place): void {
  if (options.deletedImage === 'key') {
    if (record.keysAt < 0) refuse(body, recordAt);
    scanRow(record.keysAt, options.names);
    return;
  }
  if (record.oldImageAt < 0) throw missingImage('old image', 'REMOVE record');
  scanImage(record.oldImageAt);
}

function missingImage(image: 'new image' | 'old image', record: string): TributaryError {
  return new TributaryError('STREAM_VIEW_TYPE', `The stream has no ${image} in its ${record}`, {
    hint:
      image === 'old image'
        ? 'Give the table a stream of the view type NEW_AND_OLD_IMAGES, or turn off `keep_last_image`'
        : 'Give the table a stream of the view type NEW_AND_OLD_IMAGES or NEW_IMAGE',
  });
}

/** Compares decimal text of any length as the integers it stands for. */
function isGreater(left: string, right: string): boolean {
  return left.length === right.length ? left > right : BigInt(left) > BigInt(right);
}

function nextShardIteratorIn(fields: AnswerFields, body: Buffer): string | null {
  const value = fields.get('NextShardIterator')?.value ?? null;
  if (value === null || (typeof value === 'string' && value !== '')) return value;
  throw corruptAnswer('GetRecords', body, 'its NextShardIterator is not one');
}
