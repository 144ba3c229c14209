import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Answerer,
  answered,
  type CannedEndpoint,
  damages,
  refused,
  startCannedEndpoint,
} from '../../test/support/canned-endpoint.ts';
import { type Connection, createConnection } from './clients.ts';
import { createScanPageFetcher, type ScanRequest } from './scan-page.ts';

const PAGE = '{"Count":1,"Items":[{"pk":{"N":"12345678901234567890123456789012345678"}}],"ScannedCount":1}';
const REQUEST: ScanRequest = {
  table: 'orders',
  index: null,
  segment: 0,
  totalSegments: 1,
  exclusiveStartKey: null,
  limit: null,
  projection: null,
  consistentRead: false,
};

let endpoint: CannedEndpoint;
let connection: Connection;

beforeEach(async () => {
  endpoint = await startCannedEndpoint();
  connection = createConnection(endpoint.options);
});

afterEach(async () => {
  connection.close();
  await endpoint.close();
});

let throttles = 0;
async function fetchPage(request: Partial<ScanRequest> = {}, signal: AbortSignal = new AbortController().signal) {
  throttles = 0;
  const onThrottle = (): void => {
    throttles += 1;
  };
  return await createScanPageFetcher(connection)({ ...REQUEST, ...request }, { signal, onThrottle });
}

describe('a page', () => {
  test('is handed out byte for byte, with the time of the answer', async () => {
    endpoint.answerWith(answered(PAGE));
    const answer = await fetchPage();
    expect(answer.body.toString()).toBe(PAGE);
    expect(answer.answeredAtMs).toBe(Date.parse('2026-11-23T08:00:00Z'));
  });

  test('is asked for with segment, key, limit, index, projection and consumed capacity', async () => {
    endpoint.answerWith(answered(PAGE));
    await fetchPage({
      index: 'by-customer',
      segment: 3,
      totalSegments: 8,
      exclusiveStartKey: '{"__proto__":{"S":"a\\ud800"},"n":{"N":"1.10"},"b":{"B":"AAEC"}}',
      limit: 10,
      consistentRead: true,
      projection: { expression: 'pk, #c', attributeNames: { '#c': 'comment' }, paths: [[{ attribute: 'pk' }]] },
    });
    const sent = JSON.parse(endpoint.bodies[0] ?? '');
    expect(Object.entries(sent.ExclusiveStartKey)).toEqual([
      ['__proto__', { S: 'a\ud800' }],
      ['n', { N: '1.10' }],
      ['b', { B: 'AAEC' }],
    ]);
    delete sent.ExclusiveStartKey;
    expect(sent).toEqual({
      TableName: 'orders',
      IndexName: 'by-customer',
      Segment: 3,
      TotalSegments: 8,
      Limit: 10,
      ProjectionExpression: 'pk, #c',
      ExpressionAttributeNames: { '#c': 'comment' },
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
  });
});

test('the middleware that copies every answer for a logger is gone', () => {
  const names = connection.dynamodb.middlewareStack.identify().join('\n');
  expect(names).toContain('wholeAnswer');
  expect(names).not.toContain('loggerMiddleware');
});

describe('a damaged answer', () => {
  test.each(damages(PAGE))('that is %s is asked for again', async (_, damage) => {
    endpoint.answerWith(damage, damage, answered(PAGE));
    expect((await fetchPage()).body.toString()).toBe(PAGE);
    expect(endpoint.bodies).toHaveLength(3);
  });

  test.each(damages(PAGE))('that stays %s is an error and no page', async (_, damage) => {
    endpoint.answerWith(damage);
    await expect(fetchPage()).rejects.toMatchObject({ code: 'ANSWER_CORRUPT', context: { table: 'orders' } });
    expect(endpoint.bodies).toHaveLength(4);
  });
});

describe('a failing endpoint', () => {
  const html: Answerer = (response) => {
    response.writeHead(503, { 'content-type': 'text/html' });
    response.end('<html>Service Unavailable</html>');
  };
  test.each<[string, Answerer, string]>([
    ['an HTML page', html, 'SOURCE_UNAVAILABLE'],
    ['an internal error', refused(500, 'InternalServerError'), 'SOURCE_UNAVAILABLE'],
    ['a reset', (response) => response.destroy(), 'ENDPOINT_UNREACHABLE'],
  ])('that answers with %s is tried four times', async (_, answer, code) => {
    endpoint.answerWith(answer);
    await expect(fetchPage()).rejects.toMatchObject({ code });
    expect(endpoint.bodies).toHaveLength(4);
  });

  test.each<[string, Answerer]>([
    ['headers', () => {}],
    [
      'a body',
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"Items":[');
      },
    ],
  ])('that never ends %s is given up when the request timeout is over', async (_, answer) => {
    connection.close();
    connection = createConnection({ ...endpoint.options, requestTimeoutMs: 100 });
    endpoint.answerWith(answer, answered(PAGE));
    expect((await fetchPage()).body.toString()).toBe(PAGE);
    endpoint.answerWith(answer);
    await expect(fetchPage()).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
  });

  test.each(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'])(
    'that throttles with %s is reported at once and left to the caller',
    async (name) => {
      endpoint.answerWith(refused(400, name));
      await expect(fetchPage()).rejects.toMatchObject({ code: 'THROTTLED', kind: 'transient' });
      expect(endpoint.bodies).toHaveLength(1);
      expect(throttles).toBe(1);
    },
  );
});

test('a stopped call rejects with the reason of the signal, also in the middle of a body', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped by a person');
  endpoint.answerWith((response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"Items":[', () => stop.abort(reason));
  });
  await expect(fetchPage({}, stop.signal)).rejects.toBe(reason);
  expect(endpoint.bodies).toHaveLength(1);
});
