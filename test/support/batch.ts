import type { Batch } from '../../src/model/batch.ts';
import type { BatchChanges } from '../../src/model/change.ts';
import { type AttributeDictionary, createAttributeDictionary } from '../../src/transcode/attribute-names.ts';
import { transcodeScanPage } from '../../src/transcode/scan-page.ts';
import type { DynamoItem } from './dynamo-item.ts';

type BatchMaker = (items: readonly DynamoItem[], atMs: number, changes?: BatchChanges | null) => Batch;

/** Batches of one table, made by the real transcoder from what DynamoDB would answer; with `changes` as its stream would. */
export function batchMaker(keyAttributes: readonly string[]): BatchMaker {
  const names: AttributeDictionary = createAttributeDictionary(keyAttributes);
  return (items, atMs, changes = null) => ({
    page: transcodeScanPage(scanBody(items), names).page,
    changes,
    extractedAtMs: atMs,
    receivedAtMs: atMs + 1,
  });
}

/** The body of a Scan answer with these items. */
function scanBody(items: readonly DynamoItem[]): Buffer {
  return Buffer.from(JSON.stringify({ Items: items, Count: items.length, ScannedCount: items.length }));
}
