import { crc32 } from 'node:zlib';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import {
  type Behaviour,
  both,
  compositeKey,
  createTable,
  put,
  rawRequest,
  refusal,
  type Subject,
  scan,
  scannedKeys,
  scanPages,
  simulatorOnly,
} from './behaviour.ts';

/** A table of `count` small items with the keys k0, k1, … */
async function tableOf(subject: Subject, count: number): Promise<{ table: string; keys: string[] }> {
  const table = await createTable(subject);
  const keys = Array.from({ length: count }, (_, index) => `k${index}`);
  for (let first = 0; first < count; first += 25) {
    const writes = keys.slice(first, first + 25).map((key) => ({ PutRequest: { Item: { pk: { S: key } } } }));
    await subject.client.send(new BatchWriteItemCommand({ RequestItems: { [table]: writes } }));
  }
  return { table, keys: keys.sort() };
}

export const PAGING_BEHAVIOURS: readonly Behaviour[] = [
  both('answers a Scan of an empty table with no items and no key', async (subject) => {
    const page = await scan(subject, await createTable(subject));
    expect([page.Items, page.Count, page.ScannedCount, page.LastEvaluatedKey]).toEqual([[], 0, 0, undefined]);
  }),
  both('scans in the same order every time', async (subject) => {
    const { table } = await tableOf(subject, 60);
    expect(await scannedKeys(subject, table)).toEqual(await scannedKeys(subject, table, { Limit: 7 }));
  }),
  both('scans by hash, not by key', async (subject) => {
    const { table, keys } = await tableOf(subject, 40);
    expect(await scannedKeys(subject, table)).not.toEqual(keys);
  }),
  both('orders the items of a partition by a numeric range key', async (subject) => {
    const table = await createTable(subject, compositeKey());
    const numbers = ['10', '-2', '9', '-10', '0', '1.5', '1E2', '-0.5'];
    await put(subject, table, ...numbers.map((N) => ({ pk: { S: 'a' }, sk: { N } })));
    const { Items = [] } = await scan(subject, table);
    expect(Items.map((item) => item['sk']?.N)).toEqual(['-10', '-2', '-0.5', '0', '1.5', '9', '10', '100']);
  }),
  both('orders the items of a partition by the UTF-8 bytes of a string range key', async (subject) => {
    const table = await createTable(subject, {
      ...compositeKey(),
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    });
    // In UTF-16 the emoji would come before U+FF5E.
    await put(subject, table, ...['😀', 'b', '～', 'B', 'ä'].map((S) => ({ pk: { S: 'a' }, sk: { S } })));
    const { Items = [] } = await scan(subject, table);
    expect(Items.map((item) => item['sk']?.S)).toEqual(['B', 'b', 'ä', '～', '😀']);
  }),
  both('orders the items of a partition by the bytes of a binary range key', async (subject) => {
    const table = await createTable(subject, {
      ...compositeKey(),
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'B' },
      ],
    });
    const keys = ['ff', '00', '7f', '80', '0001'].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
    await put(subject, table, ...keys.map((B) => ({ pk: { S: 'a' }, sk: { B } })));
    const { Items = [] } = await scan(subject, table);
    expect(Items.map((item) => Buffer.from(item['sk']?.B ?? []).toString('hex'))).toEqual([
      '00',
      '0001',
      '7f',
      '80',
      'ff',
    ]);
  }),
  both('ends a page at the Limit and goes on from its key', async (subject) => {
    const { table, keys } = await tableOf(subject, 23);
    const pages = await scanPages(subject, table, { Limit: 10 });
    expect(pages.map(({ Count }) => Count)).toEqual([10, 10, 3]);
    expect((await scannedKeys(subject, table, { Limit: 10 })).sort()).toEqual(keys);
  }),
  both('gives a key with the last full page, and then an empty page', async (subject) => {
    const { table } = await tableOf(subject, 20);
    const pages = await scanPages(subject, table, { Limit: 10 });
    expect(pages.map(({ Count }) => Count)).toEqual([10, 10, 0]);
  }),
  both('gives the key attributes of the last item as LastEvaluatedKey', async (subject) => {
    const table = await createTable(subject, compositeKey());
    await put(subject, table, { pk: { S: 'a' }, sk: { N: '1' }, x: { S: 'x' } });
    const page = await scan(subject, table, { Limit: 1 });
    expect(page.LastEvaluatedKey).toEqual({ pk: { S: 'a' }, sk: { N: '1' } });
  }),
  both('refuses a Limit of 0', async (subject) => {
    const table = await createTable(subject);
    expect(await refusal(scan(subject, table, { Limit: 0 }))).toBe(
      'ValidationException: Limit must be greater than or equal to 1',
    );
  }),
  both('ends a page with the item that reaches 1 MB', async (subject) => {
    const table = await createTable(subject);
    for (let index = 0; index < 4; index++) {
      // 400,000 bytes by DynamoDB's count: two are below 1 MB, three above.
      await put(subject, table, { pk: { S: `k${index}` }, v: { S: 'x'.repeat(399_995) } });
    }
    const pages = await scanPages(subject, table);
    expect(pages.map(({ Count }) => Count)).toEqual([3, 1]);
  }),
  both('counts numbers, lists, maps and sets into the 1 MB as DynamoDB sizes them', async (subject) => {
    const table = await createTable(subject, { BillingMode: 'PAY_PER_REQUEST' });
    const part = {
      M: {
        n: { N: '12345' },
        m: { N: '-0.001' },
        l: { L: [{ S: 'abc' }, { BOOL: true }, { NULL: true }] },
        s: { SS: ['ab', 'c'] },
        b: { B: new Uint8Array(10) },
      },
    };
    // pk: 2 + 1; v: 1 + list 3; each element 1 + map (3 + 5 entries + names 5 + n 4 + m 3 + l 3+3+3+1+1 + s 3 + b 10).
    const elements = 100;
    await put(subject, table, { pk: { S: 'a' }, v: { L: Array.from({ length: elements }, () => part) } });
    const { ConsumedCapacity } = await scan(subject, table, { ReturnConsumedCapacity: 'TOTAL' });
    const bytes = 3 + 4 + elements * (1 + 3 + 5 + 5 + 4 + 3 + 11 + 3 + 10);
    expect(ConsumedCapacity?.CapacityUnits).toBe(Math.ceil(bytes / 4096) * 0.5);
  }),
  both('puts 20,000 bytes of tiny items into one page: there is no limit by count', async (subject) => {
    const { table } = await tableOf(subject, 1_000);
    expect((await scan(subject, table)).Count).toBe(1_000);
  }),
  both('goes on from a key whose item was deleted or never was', async (subject) => {
    const { table } = await tableOf(subject, 30);
    const page = await scan(subject, table, { Limit: 10 });
    const rest = await scannedKeys(subject, table, { ExclusiveStartKey: page.LastEvaluatedKey });
    expect(rest).toHaveLength(20);
    const anywhere = await scannedKeys(subject, table, { ExclusiveStartKey: { pk: { S: 'never there' } } });
    expect(anywhere).toEqual((await scannedKeys(subject, table)).slice(30 - anywhere.length));
  }),
  both('refuses a start key of the wrong shape', async (subject) => {
    const table = await createTable(subject, compositeKey());
    const keys = [
      { pk: { S: 'a' } },
      { pk: { N: '1' }, sk: { N: '1' } },
      { pk: { S: 'a' }, sk: { N: '1' }, x: { S: 'x' } },
    ];
    for (const key of keys) {
      expect(await refusal(scan(subject, table, { ExclusiveStartKey: key }))).toContain('ValidationException');
    }
  }),
  ...[1, 2, 4, 7, 40].map((totalSegments) =>
    both(`puts every item into exactly one of ${totalSegments} segments`, async (subject) => {
      const { table, keys } = await tableOf(subject, 75);
      const found: string[] = [];
      for (let segment = 0; segment < totalSegments; segment++) {
        found.push(
          ...(await scannedKeys(subject, table, { Segment: segment, TotalSegments: totalSegments, Limit: 9 })),
        );
      }
      expect(found.sort()).toEqual(keys);
    }),
  ),
  both('keeps the items of one partition in one segment', async (subject) => {
    const table = await createTable(subject, compositeKey());
    await put(subject, table, ...['1', '2', '3', '4', '5'].map((N) => ({ pk: { S: 'same' }, sk: { N } })));
    const counts: number[] = [];
    for (let segment = 0; segment < 6; segment++) {
      counts.push((await scan(subject, table, { Segment: segment, TotalSegments: 6 })).Count ?? -1);
    }
    expect(counts.sort()).toEqual([0, 0, 0, 0, 0, 5]);
  }),
  both('refuses a start key of another segment', async (subject) => {
    const { table } = await tableOf(subject, 40);
    const segmented = { Segment: 0, TotalSegments: 2, Limit: 3 };
    const page = await scan(subject, table, segmented);
    expect(page.LastEvaluatedKey).toBeDefined();
    const other = { ...segmented, Segment: 1, ExclusiveStartKey: page.LastEvaluatedKey };
    expect(await refusal(scan(subject, table, other))).toBe(
      'ValidationException: Exclusive start key must lie within the segment',
    );
  }),
  both('refuses a segment without a total and a total without a segment', async (subject) => {
    const table = await createTable(subject);
    expect(await refusal(scan(subject, table, { Segment: 1 }))).toBe(
      'ValidationException: If segment is specified, total segment must also be specified',
    );
    expect(await refusal(scan(subject, table, { TotalSegments: 2 }))).toBe(
      'ValidationException: If total segments is specified, a particular segment must also be specified for this request',
    );
  }),
  both('refuses a segment out of range and more than 1,000,000 segments', async (subject) => {
    const table = await createTable(subject);
    expect(await refusal(scan(subject, table, { Segment: 2, TotalSegments: 2 }))).toContain("at 'segment'");
    expect(await refusal(scan(subject, table, { Segment: 0, TotalSegments: 1_000_001 }))).toContain(
      "at 'totalSegments'",
    );
    expect((await scan(subject, table, { Segment: 999_999, TotalSegments: 1_000_000 })).Count).toBe(0);
  }),
  both('counts without items where Select is COUNT', async (subject) => {
    const { table } = await tableOf(subject, 12);
    const page = await scan(subject, table, { Select: 'COUNT' });
    expect([page.Count, page.Items]).toEqual([12, undefined]);
  }),
  both('sends the crc32 of the body with a page', async (subject) => {
    const { table } = await tableOf(subject, 10);
    const answer = await rawRequest(subject, 'Scan', JSON.stringify({ TableName: table }));
    expect(answer.headers.get('x-amz-crc32')).toBe(String(crc32(answer.body)));
  }),
  both('sends a date, a request id and the content type with a page', async (subject) => {
    const { table } = await tableOf(subject, 1);
    const { headers } = await rawRequest(subject, 'Scan', JSON.stringify({ TableName: table }));
    expect(Math.abs(subject.now() - Date.parse(headers.get('date') ?? ''))).toBeLessThan(60_000);
    expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.0');
  }),
  simulatorOnly('empty page', 'goes on behind an empty page as if it had not been', async (subject) => {
    const { table, keys } = await tableOf(subject, 30);
    subject.simulator.faults.add({ action: 'Scan', table, times: 2, fault: { kind: 'empty-page' } });
    subject.simulator.faults.add({ action: 'Scan', table, after: 3, fault: { kind: 'empty-page' } });
    const pages = await scanPages(subject, table, { Limit: 20 });
    expect(pages.map(({ Count }) => Count)).toEqual([0, 0, 20, 0, 10]);
    expect(pages.flatMap(({ Items = [] }) => Items.map((item) => item['pk']?.S)).sort()).toEqual(keys);
  }),
  simulatorOnly('empty page', 'keeps the key of an empty page within its segment', async (subject) => {
    const { table } = await tableOf(subject, 30);
    subject.simulator.faults.add({ table, segment: 1, fault: { kind: 'empty-page' } });
    const page = await scan(subject, table, { Segment: 1, TotalSegments: 3 });
    const start = { ExclusiveStartKey: page.LastEvaluatedKey };
    expect(await refusal(scan(subject, table, { Segment: 2, TotalSegments: 3, ...start }))).toContain(
      'within the segment',
    );
    const whole = await scannedKeys(subject, table, { Segment: 1, TotalSegments: 3 });
    expect(await scannedKeys(subject, table, { Segment: 1, TotalSegments: 3, ...start })).toEqual(whole);
  }),
];
