import { isUtf8 } from 'node:buffer';
import type { TapePage } from '../model/tape.ts';
import { TributaryError } from '../platform/errors.ts';
import type { AttributeDictionary } from './attribute-names.ts';
import { CLOSE_BRACE, COLON, COMMA, endOfValue, expectByte, OPEN_BRACE, QUOTE, skipSpace } from './json-bytes.ts';
import { refuse } from './refuse.ts';
import { emptyPage, scanItems } from './scan-items.ts';

/** The answer of one Scan call. */
export interface ScanPage {
  readonly page: TapePage;
  /** DynamoDB JSON text as it stands in the body: what the next call sends as ExclusiveStartKey. Null ends the segment. */
  readonly lastEvaluatedKey: string | null;
  /** Read capacity units; null when the answer does not say. */
  readonly consumedCapacity: number | null;
  readonly scannedCount: number;
  readonly count: number;
}

/**
 * Transcodes the body of a successful Scan answer in one pass. The body then belongs to the page: nobody may write to it.
 * Throws ANSWER_CORRUPT for what is no whole answer (empty, cut, no UTF-8, no JSON, Count that is not the number of
 * items) and ITEM_MALFORMED for JSON that holds no DynamoDB items. `x-amz-crc32` is the caller's: see checksum.ts.
 */
export function transcodeScanPage(body: Buffer, names: AttributeDictionary): ScanPage {
  if (!isUtf8(body)) throw corrupt(body, 'it is not valid UTF-8');
  const answer: Answer = { page: null, fields: new Map() };
  const end = scanAnswer(body, names, answer);
  if (skipSpace(body, end) !== body.length) refuse(body, end);

  const count = countIn(answer, 'Count', body);
  if (count === undefined) throw corrupt(body, 'it has no Count');
  if (answer.page === null && count > 0) throw corrupt(body, 'it has no Items');
  const page = answer.page ?? emptyPage(body, names);
  if (page.rowCount !== count) throw corrupt(body, `it has ${page.rowCount} items and its Count is ${count}`);
  const scannedCount = countIn(answer, 'ScannedCount', body) ?? count;
  if (scannedCount < count) throw corrupt(body, `its Count is ${count} and its ScannedCount ${scannedCount}`);
  return {
    page,
    lastEvaluatedKey: keyIn(answer, body),
    consumedCapacity: capacityIn(answer, body),
    scannedCount,
    count,
  };
}

/** What an answer holds beside its items: parsed value and the text it came from, by name. */
interface Answer {
  page: TapePage | null;
  readonly fields: Map<string, { readonly value: unknown; readonly text: string }>;
}

/** Scans the outer object; its members come in any order. */
function scanAnswer(body: Buffer, names: AttributeDictionary, answer: Answer): number {
  let i = skipSpace(body, expectByte(body, 0, OPEN_BRACE));
  if (body[i] === CLOSE_BRACE) return i + 1;
  for (;;) {
    const nameAt = expectByte(body, i, QUOTE) - 1;
    const nameEnd = endOfValue(body, nameAt);
    const name = parsed(body, nameAt, nameEnd).value;
    const valueAt = skipSpace(body, expectByte(body, nameEnd, COLON));
    if (name === 'Items' && answer.page === null) {
      const items = scanItems(body, valueAt, names);
      answer.page = items.page;
      i = items.end;
    } else {
      i = endOfValue(body, valueAt);
      if (typeof name !== 'string' || name === 'Items' || answer.fields.has(name)) refuse(body, nameAt);
      answer.fields.set(name, parsed(body, valueAt, i));
    }
    i = skipSpace(body, i);
    if (body[i] === CLOSE_BRACE) return i + 1;
    if (body[i] !== COMMA) refuse(body, i);
    i++;
  }
}

function parsed(body: Buffer, start: number, end: number): { value: unknown; text: string } {
  const text = body.toString('utf8', start, end);
  try {
    return { value: JSON.parse(text) as unknown, text: text.trimEnd() };
  } catch {
    return refuse(body, start);
  }
}

function countIn({ fields }: Answer, name: string, body: Buffer): number | undefined {
  const value = fields.get(name)?.value;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw corrupt(body, `its ${name} is not a count`);
}

function keyIn({ fields }: Answer, body: Buffer): string | null {
  const field = fields.get('LastEvaluatedKey');
  if (field === undefined || field.value === null) return null;
  // An empty key would be taken for the end of the segment by some readers and for its start by others.
  if (isObject(field.value) && Object.keys(field.value).length > 0) return field.text;
  throw corrupt(body, 'its LastEvaluatedKey is not a key');
}

function capacityIn({ fields }: Answer, body: Buffer): number | null {
  const capacity = fields.get('ConsumedCapacity')?.value;
  if (capacity === undefined || capacity === null) return null;
  const units = isObject(capacity) ? capacity['CapacityUnits'] : undefined;
  if (typeof units === 'number' && units >= 0) return units;
  throw corrupt(body, 'its ConsumedCapacity has no CapacityUnits');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(body: Buffer, why: string): TributaryError {
  return new TributaryError('ANSWER_CORRUPT', `The Scan answer of ${body.length} bytes is not usable: ${why}`, {
    context: { bodyBytes: body.length },
  });
}
