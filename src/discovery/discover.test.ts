import { afterEach, expect, test } from 'vitest';
import { connectTo, LOCAL_KEY } from '../../test/support/local-connection.ts';
import { createTable } from '../../test/support/simulated-table.ts';
import type { Connection } from '../connection/clients.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { createManualClock } from '../simulator/manual-clock.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/simulator.ts';
import { describePointInTimeRecovery, describeTable, describeTimeToLive } from './describe-table.ts';
import { discoverTables, listTableNames } from './discover.ts';

const never = new AbortController().signal;
let simulator: Simulator;
let connection: Connection;

async function start(options: SimulatorOptions = {}): Promise<void> {
  simulator = await startSimulator(options);
  connection = connectTo(simulator);
}

afterEach(async () => {
  connection.close();
  await simulator.close();
});

async function discover(clock: Clock = systemClock) {
  return await discoverTables(connection, { clock, signal: never });
}

test('a table is described with key, counts, billing, stream and indexes', async () => {
  await start();
  createTable(simulator, 'orders', {
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'N' },
      { AttributeName: 'customer', AttributeType: 'B' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-customer',
        KeySchema: [{ AttributeName: 'customer', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['total'] },
      },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  simulator.tables.putItems('orders', [{ pk: { S: 'a' }, sk: { N: '1' }, customer: { B: 'AAEC' } }]);
  const [entry] = await discover();
  expect(entry).toMatchObject({ name: 'orders', unsupported: null });
  expect(entry?.table).toEqual({
    name: 'orders',
    arn: 'arn:aws:dynamodb:us-east-1:123456789012:table/orders',
    region: 'us-east-1',
    endpoint: simulator.endpoint,
    identity: expect.stringMatching(/^[0-9a-f-]{36}$/),
    status: 'ACTIVE',
    key: [
      { name: 'pk', type: 'S' },
      { name: 'sk', type: 'N' },
    ],
    itemCount: 1,
    sizeBytes: expect.any(Number),
    billingMode: 'PAY_PER_REQUEST',
    provisionedReadUnits: null,
    onDemandMaxReadUnits: null,
    stream: {
      enabled: true,
      viewType: 'NEW_AND_OLD_IMAGES',
      arn: expect.stringMatching(/\/stream\/2.*$/),
      label: expect.stringMatching(/^2/),
    },
    indexes: [
      {
        name: 'by-customer',
        kind: 'global',
        status: 'ACTIVE',
        key: [{ name: 'customer', type: 'B' }],
        itemCount: 1,
        sizeBytes: expect.any(Number),
        provisionedReadUnits: null,
        onDemandMaxReadUnits: null,
        projectionType: 'INCLUDE',
        includedAttributes: ['total'],
      },
    ],
  });
  expect(await describeTimeToLive(connection, 'orders', never)).toEqual({ state: 'off' });
  expect(await describePointInTimeRecovery(connection, 'orders', never)).toEqual({ state: 'off' });
});

test('a table that is created again under its name has another identity', async () => {
  await start();
  createTable(simulator, 'orders');
  const before = await describeTable(connection, 'orders', never);
  await simulator.close();
  const { port } = simulator;
  simulator = await startSimulator({ port });
  createTable(simulator, 'orders');
  expect((await describeTable(connection, 'orders', never)).identity).not.toBe(before.identity);
});

const namesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `table-${String(n).padStart(6, '0')}`);

test('more than 10,000 tables are all listed, in order', async () => {
  await start();
  const names = namesOf(10_050);
  for (const name of names) createTable(simulator, name);
  expect(await listTableNames(connection, { clock: systemClock, signal: never })).toEqual(names);
  expect(simulator.requests.count({ action: 'ListTables' })).toBe(101);
});

test('every table of several pages is described, in order', async () => {
  await start();
  const names = namesOf(250);
  for (const name of names) createTable(simulator, name);
  const entries = await discover();
  expect(entries.map(({ name, table }) => [name, table?.name])).toEqual(names.map((name) => [name, name]));
});

test('a table that may not be described is listed with the reason and the fix', async () => {
  await start({
    accessKeys: [
      {
        accessKeyId: LOCAL_KEY,
        policy: [
          { actions: ['ListTables'], tables: ['*'] },
          { actions: ['DescribeTable'], tables: ['open'] },
        ],
      },
    ],
  });
  createTable(simulator, 'open');
  createTable(simulator, 'secret');
  const [open, secret] = await discover();
  expect(open).toMatchObject({ name: 'open', unsupported: null });
  expect(secret).toMatchObject({ name: 'secret', table: null, unsupported: { code: 'ACCESS_DENIED' } });
  expect(secret?.unsupported?.hint).toContain('Allow dynamodb:DescribeTable on arn:aws:dynamodb:us-east-1:');
});

test('a table that is archived is listed as unsupported', async () => {
  await start();
  createTable(simulator, 'old');
  simulator.tables.setStatus('old', 'ARCHIVED' as 'ACTIVE');
  const [entry] = await discover();
  expect(entry?.unsupported).toMatchObject({ code: 'TABLE_NOT_READY', message: expect.stringContaining('ARCHIVED') });
});

test('a listing that is denied fails the whole', async () => {
  await start({ accessKeys: [{ accessKeyId: LOCAL_KEY, policy: [] }] });
  await expect(discover()).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
});

test.each(['ListTables', 'DescribeTable'])('an empty answer to %s is no empty catalog', async (action) => {
  await start();
  createTable(simulator, 'orders');
  simulator.faults.add({ action, times: 'always', fault: { kind: 'empty-body' } });
  await expect(discover()).rejects.toMatchObject({ code: 'ANSWER_CORRUPT' });
});

test('credentials that end in the middle fail the whole instead of every table', async () => {
  await start({ accessKeys: [{ accessKeyId: LOCAL_KEY }] });
  for (let n = 0; n < 200; n++) createTable(simulator, `t-${n}`);
  simulator.faults.add({ action: 'DescribeTable', after: 50, times: 'always', fault: { kind: 'expired-credentials' } });
  await expect(discover()).rejects.toMatchObject({ code: 'CREDENTIALS_REJECTED' });
  expect(simulator.requests.count({ action: 'DescribeTable' })).toBeLessThan(100);
});

test('throttled descriptions are waited for by the clock, none is lost', async () => {
  await start();
  for (let n = 0; n < 3; n++) createTable(simulator, `t-${n}`);
  // Four attempts of the SDK fail before our own waiting begins.
  simulator.faults.add({
    action: 'DescribeTable',
    table: 't-1',
    times: 4,
    fault: { kind: 'throttle', error: 'ThrottlingException' },
  });
  const clock = createManualClock();
  const found = discover(clock);
  await clock.sleepers(1);
  clock.advance(10_000);
  expect((await found).map(({ name, table }) => [name, table !== null])).toEqual([
    ['t-0', true],
    ['t-1', true],
    ['t-2', true],
  ]);
}, 30_000);
