import { crc32 } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { createGate } from '../../src/simulator/gate.ts';
import {
  type Behaviour,
  createTable,
  put,
  rawRequest,
  refusal,
  type SimulatedSubject,
  scan,
  simulatorOnly,
} from './behaviour.ts';

/** A table with one item, and the fault for the next Scan of it. */
async function faultyTable(subject: SimulatedSubject, fault: Fault): Promise<string> {
  const table = await createTable(subject);
  await put(subject, table, { pk: { S: 'a' }, v: { S: 'x'.repeat(1_000) } });
  subject.simulator.faults.add({ action: 'Scan', table, fault });
  return table;
}

const rawScan = (subject: SimulatedSubject, table: string) =>
  rawRequest(subject, 'Scan', JSON.stringify({ TableName: table }));

/** The fault strikes once with this error, and the next Scan succeeds. */
function failsOnce(name: string, fault: Fault, error: RegExp): Behaviour {
  return simulatorOnly('faults', name, async (subject) => {
    const table = await faultyTable(subject, fault);
    expect(await refusal(scan(subject, table))).toMatch(error);
    expect((await scan(subject, table)).Count).toBe(1);
  });
}

export const FAULT_BEHAVIOURS: readonly Behaviour[] = [
  failsOnce(
    'throttles a table',
    { kind: 'throttle', error: 'ProvisionedThroughputExceededException' },
    /^ProvisionedThroughputExceededException: The level of configured provisioned throughput/,
  ),
  failsOnce('throttles by rate', { kind: 'throttle', error: 'ThrottlingException' }, /^ThrottlingException: /),
  failsOnce('throttles an account', { kind: 'throttle', error: 'RequestLimitExceeded' }, /^RequestLimitExceeded: /),
  failsOnce('answers 500', { kind: 'server-error', status: 500 }, /^InternalServerError: /),
  failsOnce('answers 503', { kind: 'server-error', status: 503 }, /^ServiceUnavailable: /),
  failsOnce('answers 503 with a page of HTML', { kind: 'html-503' }, /^SyntaxError: .*</),
  failsOnce(
    'denies access on command',
    { kind: 'access-denied' },
    /^AccessDeniedException: User: .* dynamodb:Scan on resource: /,
  ),
  failsOnce('reports expired credentials', { kind: 'expired-credentials' }, /^ExpiredTokenException: /),
  simulatorOnly('faults', 'reports a clock that is wrong, in message and Date header', async (subject) => {
    const table = await faultyTable(subject, { kind: 'clock-skew', skewMs: 15 * 60_000 });
    const answer = await rawScan(subject, table);
    expect([answer.status, answer.body.toString()]).toEqual([
      400,
      expect.stringMatching(
        /InvalidSignatureException.*Signature expired: \d{8}T\d{6}Z is now earlier than .* - 5 min/,
      ),
    ]);
    const aheadMs = Date.parse(answer.headers.get('date') ?? '') - Date.now();
    expect(Math.abs(aheadMs - 15 * 60_000)).toBeLessThan(60_000);
  }),
  failsOnce(
    'answers any other error',
    { kind: 'error', error: 'LimitExceededException', message: 'Too many' },
    /^LimitExceededException: Too many/,
  ),
  failsOnce('resets the connection before the answer', { kind: 'reset' }, /ECONNRESET|socket hang up/),
  failsOnce('resets the connection in the middle of the body', { kind: 'reset-mid-body' }, /aborted|ECONNRESET/),
  failsOnce('cuts the JSON with a sound length', { kind: 'cut-body', framing: 'content-length' }, /^SyntaxError: /),
  failsOnce('cuts the JSON in chunks', { kind: 'cut-body', framing: 'chunked' }, /^SyntaxError: /),
  simulatorOnly('faults', 'answers 200 without a body, which the SDK takes for success', async (subject) => {
    const page = await scan(subject, await faultyTable(subject, { kind: 'empty-body' }));
    expect([page.$metadata.httpStatusCode, page.Count, page.Items]).toEqual([200, undefined, undefined]);
  }),
  simulatorOnly('faults', 'sends a crc32 that does not fit', async (subject) => {
    const answer = await rawScan(subject, await faultyTable(subject, { kind: 'wrong-crc32' }));
    expect(answer.headers.get('x-amz-crc32')).not.toBe(String(crc32(answer.body)));
    expect(JSON.parse(answer.body.toString())).toMatchObject({ Count: 1 });
  }),
  simulatorOnly('faults', 'holds an answer back until its gate opens', async (subject) => {
    const gate = createGate();
    const table = await faultyTable(subject, { kind: 'slow-answer', gate });
    let answered = false;
    const page = scan(subject, table).then((output) => {
      answered = true;
      return output;
    });
    await gate.reached;
    expect(answered).toBe(false);
    gate.open();
    expect((await page).Count).toBe(1);
  }),
  simulatorOnly('faults', 'holds half of a body back until its gate opens', async (subject) => {
    const gate = createGate();
    const table = await faultyTable(subject, { kind: 'slow-body', gate });
    const response = await fetch(subject.endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': 'DynamoDB_20120810.Scan',
        authorization: 'Credential=raw/1/us-east-1/dynamodb/aws4_request',
      },
      body: JSON.stringify({ TableName: table }),
    });
    await gate.reached;
    const first = await response.body?.getReader().read();
    expect(first?.value?.length).toBe(Math.floor(Number(response.headers.get('content-length')) / 2));
    gate.open();
  }),
  simulatorOnly('faults', 'strikes only the segment, after and as often as it is told', async (subject) => {
    const table = await createTable(subject);
    const fault = { kind: 'throttle', error: 'ThrottlingException' } as const;
    const rule = subject.simulator.faults.add({ action: 'Scan', table, segment: 1, after: 1, times: 2, fault });
    const outcomes: string[] = [];
    for (const segment of [0, 1, 1, 0, 1, 1, 0]) {
      const request = scan(subject, table, { Segment: segment, TotalSegments: 2 });
      outcomes.push(
        await request.then(
          () => `${segment} ok`,
          () => `${segment} throttled`,
        ),
      );
    }
    expect(outcomes).toEqual(['0 ok', '1 ok', '1 throttled', '0 ok', '1 throttled', '1 ok', '0 ok']);
    expect(rule.fired).toBe(2);
  }),
  simulatorOnly('faults', 'strikes until a time of its clock', async (subject) => {
    const table = await createTable(subject);
    const fault = { kind: 'throttle', error: 'ProvisionedThroughputExceededException' } as const;
    subject.simulator.faults.add({ table, untilMs: subject.clock.now() + 60_000, fault });
    await refusal(scan(subject, table));
    subject.clock.advance(59_999);
    await refusal(scan(subject, table));
    subject.clock.advance(1);
    expect((await scan(subject, table)).Count).toBe(0);
  }),
  simulatorOnly('faults', 'changes nothing where a write is throttled', async (subject) => {
    const table = await createTable(subject);
    subject.simulator.faults.add({ action: 'PutItem', fault: { kind: 'server-error', status: 500 } });
    await refusal(put(subject, table, { pk: { S: 'a' } }));
    expect((await scan(subject, table)).Count).toBe(0);
  }),
  simulatorOnly('faults', 'strikes STS too, in its own words', async (subject) => {
    const client = new STSClient({
      endpoint: subject.endpoint,
      region: 'us-east-1',
      credentials: KEYS,
      maxAttempts: 1,
    });
    subject.simulator.faults.add({ action: 'GetCallerIdentity', fault: { kind: 'expired-credentials' } });
    expect(await refusal(client.send(new GetCallerIdentityCommand({})))).toMatch(/^ExpiredToken/);
  }),
  simulatorOnly('faults', 'survives the retries of the SDK: two throttles, then the page', async (subject) => {
    const table = await createTable(subject);
    const client = new DynamoDBClient({ endpoint: subject.endpoint, region: 'us-east-1', credentials: KEYS });
    subject.simulator.faults.add({ table, times: 2, fault: { kind: 'server-error', status: 503 } });
    expect((await scan({ ...subject, client }, table)).Count).toBe(0);
    expect(subject.simulator.requests.scans(table).map(({ status }) => status)).toEqual([503, 503, 200]);
  }),
  simulatorOnly('faults', 'records every Scan with segment, start key and outcome', async (subject) => {
    const table = await faultyTable(subject, { kind: 'reset' });
    await refusal(scan(subject, table, { Segment: 0, TotalSegments: 1 }));
    const page = await scan(subject, table, { Segment: 0, TotalSegments: 1, Limit: 1 });
    await scan(subject, table, { Segment: 0, TotalSegments: 1, ExclusiveStartKey: page.LastEvaluatedKey });
    const key = JSON.stringify(page.LastEvaluatedKey);
    expect(subject.simulator.requests.scans(table)).toMatchObject([
      { segment: 0, totalSegments: 1, exclusiveStartKey: null, status: null, fault: 'reset', itemCount: 1 },
      { exclusiveStartKey: null, status: 200, fault: null, itemCount: 1, lastEvaluatedKey: key },
      { exclusiveStartKey: key, status: 200, itemCount: 0, lastEvaluatedKey: null },
    ]);
  }),
  simulatorOnly('faults', 'says when the n-th request has arrived', async (subject) => {
    const table = await createTable(subject);
    const third = subject.simulator.requests.reached({ action: 'Scan', table }, 3);
    for (let call = 0; call < 3; call++) await scan(subject, table);
    await third;
    expect(subject.simulator.requests.count({ action: 'Scan', table })).toBe(3);
  }),
  simulatorOnly('faults', 'lets a hook act on a request before it is answered', async (subject) => {
    const table = await createTable(subject);
    const removeHook = subject.simulator.onRequest((request) => {
      if (request.action === 'Scan') subject.simulator.tables.putItems(table, [{ pk: { S: 'from the hook' } }]);
    });
    expect((await scan(subject, table)).Count).toBe(1);
    removeHook();
  }),
];

const KEYS = { accessKeyId: 'any', secretAccessKey: 'any' };
