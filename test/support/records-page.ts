import { createAttributeDictionary } from '../../src/transcode/attribute-names.ts';
import { type RecordsPage, transcodeRecordsPage } from '../../src/transcode/records-page.ts';

/** The answer of a shard with one insert for each number, of the item that has it as its key `pk`. */
export function recordsPage(sequenceNumbers: readonly string[]): RecordsPage {
  const records = sequenceNumbers.map((number) => ({
    eventName: 'INSERT',
    dynamodb: {
      ApproximateCreationDateTime: 1_780_000_000,
      Keys: { pk: { S: number } },
      NewImage: { pk: { S: number } },
      SequenceNumber: number,
    },
  }));
  const body = Buffer.from(JSON.stringify({ Records: records, NextShardIterator: 'next' }));
  const names = createAttributeDictionary(['pk']);
  return transcodeRecordsPage(body, { names, projection: null, deletedImage: 'key', ttlDeletes: 'replicate' });
}
