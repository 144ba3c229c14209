import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConnectionOptions } from '../model/connection-options.ts';
import { Secret } from '../platform/secret.ts';
import { type Connection, createConnection } from './clients.ts';
import { createScanPageFetcher, type ScanRequest } from './scan-page.ts';

type Answerer = (response: ServerResponse, request: IncomingMessage) => void;

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

let server: Server;
let connection: Connection;
/** Answers of the coming attempts; the last one repeats. */
let answers: Answerer[];
let bodies: string[];

beforeEach(async () => {
  answers = [];
  bodies = [];
  server = createServer(async (request, response) => {
    bodies.push(await text(request));
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  connection = createConnection(optionsFor(server));
});

afterEach(async () => {
  connection.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function optionsFor(listening: Server, overrides: Partial<ConnectionOptions> = {}): ConnectionOptions {
  const { port } = listening.address() as AddressInfo;
  return {
    source: 'shop',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    stsEndpoint: null,
    credentials: { kind: 'static', accessKeyId: 'AKID', secretAccessKey: new Secret('secret'), sessionToken: null },
    roles: [],
    requestTimeoutMs: 2_000,
    maxConnections: 4,
    ...overrides,
  };
}

const page =
  (body: string, headers: Record<string, string> = {}): Answerer =>
  (response) => {
    response.writeHead(200, { 'x-amz-crc32': String(crc32(body)), date: 'Mon, 23 Nov 2026 08:00:00 GMT', ...headers });
    response.end(body);
  };
const failure =
  (status: number, name: string, message = 'no'): Answerer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }));
  };

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
    answers = [page(PAGE)];
    const answer = await fetchPage();
    expect(answer.body.toString()).toBe(PAGE);
    expect(answer.answeredAtMs).toBe(Date.parse('2026-11-23T08:00:00Z'));
  });

  test('is asked for with segment, key, limit, index, projection and consumed capacity', async () => {
    answers = [page(PAGE)];
    await fetchPage({
      index: 'by-customer',
      segment: 3,
      totalSegments: 8,
      exclusiveStartKey: '{"__proto__":{"S":"a\\ud800"},"n":{"N":"1.10"},"b":{"B":"AAEC"}}',
      limit: 10,
      consistentRead: true,
      projection: { expression: 'pk, #c', attributeNames: { '#c': 'comment' }, paths: [[{ attribute: 'pk' }]] },
    });
    const sent = JSON.parse(bodies[0] ?? '');
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
  const cut: Answerer = (response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"Items":[', () => response.destroy());
  };
  const damages: [string, Answerer][] = [
    ['empty', page('')],
    ['cut short', cut],
    ['of a wrong checksum', page(PAGE, { 'x-amz-crc32': '1' })],
    ['cut where no checksum was sent', (response) => response.end(PAGE.slice(0, 40))],
    ['in another encoding', (response) => response.end(Buffer.from([0x1f, 0x8b, 8, 0]))],
  ];
  test.each(damages)('that is %s is asked for again', async (_, damage) => {
    answers = [damage, damage, page(PAGE)];
    expect((await fetchPage()).body.toString()).toBe(PAGE);
    expect(bodies).toHaveLength(3);
  });

  test.each(damages)('that stays %s is an error and no page', async (_, damage) => {
    answers = [damage];
    await expect(fetchPage()).rejects.toMatchObject({ code: 'ANSWER_CORRUPT', context: { table: 'orders' } });
    expect(bodies).toHaveLength(4);
  });
});

describe('a failing endpoint', () => {
  const html: Answerer = (response) => {
    response.writeHead(503, { 'content-type': 'text/html' });
    response.end('<html>Service Unavailable</html>');
  };
  test.each<[string, Answerer, string]>([
    ['an HTML page', html, 'SOURCE_UNAVAILABLE'],
    ['an internal error', failure(500, 'InternalServerError'), 'SOURCE_UNAVAILABLE'],
    ['a reset', (response) => response.destroy(), 'ENDPOINT_UNREACHABLE'],
  ])('that answers with %s is tried four times', async (_, answer, code) => {
    answers = [answer];
    await expect(fetchPage()).rejects.toMatchObject({ code });
    expect(bodies).toHaveLength(4);
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
    connection = createConnection(optionsFor(server, { requestTimeoutMs: 100 }));
    answers = [answer, page(PAGE)];
    expect((await fetchPage()).body.toString()).toBe(PAGE);
    answers = [answer];
    await expect(fetchPage()).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
  });

  test.each(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'])(
    'that throttles with %s is reported at once and left to the caller',
    async (name) => {
      answers = [failure(400, name)];
      await expect(fetchPage()).rejects.toMatchObject({ code: 'THROTTLED', kind: 'transient' });
      expect(bodies).toHaveLength(1);
      expect(throttles).toBe(1);
    },
  );
});

test('a stopped call rejects with the reason of the signal, also in the middle of a body', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped by a person');
  answers = [
    (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"Items":[', () => stop.abort(reason));
    },
  ];
  await expect(fetchPage({}, stop.signal)).rejects.toBe(reason);
  expect(bodies).toHaveLength(1);
});
