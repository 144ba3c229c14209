import type { TapePage } from '../model/tape.ts';
import type { TributaryError } from '../platform/errors.ts';
import { type AnswerFields, corruptAnswer, isObject, scanAnswer } from './answer-fields.ts';
import type { AttributeDictionary } from './attribute-names.ts';
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
  const { page: items, fields } = scanAnswer(body, {
    operation: 'Scan',
    listName: 'Items',
    scanList: (at) => scanItems(body, at, names),
  });
  const count = countIn(fields, 'Count', body);
  if (count === undefined) throw corrupt(body, 'it has no Count');
  if (items === null && count > 0) throw corrupt(body, 'it has no Items');
  const page = items ?? emptyPage(body, names);
  if (page.rowCount !== count) throw corrupt(body, `it has ${page.rowCount} items and its Count is ${count}`);
  const scannedCount = countIn(fields, 'ScannedCount', body) ?? count;
  if (scannedCount < count) throw corrupt(body, `its Count is ${count} and its ScannedCount ${scannedCount}`);
  return {
    page,
    lastEvaluatedKey: keyIn(fields, body),
    consumedCapacity: capacityIn(fields, body),
    scannedCount,
    count,
  };
}

function countIn(fields: AnswerFields, name: string, body: Buffer): number | undefined {
  const value = fields.get(name)?.value;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw corrupt(body, `its ${name} is not a count`);
}

function keyIn(fields: AnswerFields, body: Buffer): string | null {
  const field = fields.get('LastEvaluatedKey');
  if (field === undefined || field.value === null) return null;
  // An empty key would be taken for the end of the segment by some readers and for its start by others.
  if (isObject(field.value) && Object.keys(field.value).length > 0) return field.text;
  throw corrupt(body, 'its LastEvaluatedKey is not a key');
}

function capacityIn(fields: AnswerFields, body: Buffer): number | null {
  const capacity = fields.get('ConsumedCapacity')?.value;
  if (capacity === undefined || capacity === null) return null;
  const units = isObject(capacity) ? capacity['CapacityUnits'] : undefined;
  if (typeof units === 'number' && units >= 0) return units;
  throw corrupt(body, 'its ConsumedCapacity has no CapacityUnits');
}

function corrupt(body: Buffer, why: string): TributaryError {
  return corruptAnswer('Scan', body, why);
}
