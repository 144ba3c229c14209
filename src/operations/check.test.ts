import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LOCAL_KEY, localOptions } from '../../test/support/local-connection.ts';
import { createTable, NEW_IMAGES } from '../../test/support/simulated-table.ts';
import type { TableSelection } from '../discovery/selection.ts';
import type { CheckStep } from '../model/check-step.ts';
import type { ConnectionOptions } from '../model/connection-options.ts';
import { parseTableRef } from '../model/table.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/simulator.ts';
import { check } from './check.ts';

const ROLE = 'arn:aws:iam::123456789012:role/tributary-shop';

let simulator: Simulator;

async function start(options: SimulatorOptions = {}): Promise<void> {
  simulator = await startSimulator({
    accessKeys: [{ accessKeyId: LOCAL_KEY }],
    roles: [{ arn: ROLE, externalId: 'x-1' }],
    ...options,
  });
  simulator.tables.create({
    TableName: 'orders',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'N' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    ProvisionedThroughput: { ReadCapacityUnits: 25, WriteCapacityUnits: 5 },
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
  });
  simulator.tables.putItems('orders', [{ pk: { S: 'a' }, sk: { N: '1' } }]);
}

beforeEach(() => start());
afterEach(() => simulator.close());

function selection(table: string, overrides: Partial<TableSelection> = {}): TableSelection {
  return {
    ref: parseTableRef(table),
    method: 'FULL_TABLE',
    projection: null,
    expressionAttributes: {},
    consistentRead: false,
    deletes: 'soft',
    keepLastImage: false,
    ttlDeletes: 'replicate',
    ...overrides,
  };
}

async function findings(
  tables: readonly TableSelection[],
  connection: Partial<ConnectionOptions> = {},
  more: { readonly clock?: Clock; readonly destination?: Parameters<typeof check>[0]['destination'] } = {},
): Promise<CheckStep[]> {
  const steps: CheckStep[] = [];
  const found = check({
    connection: { ...localOptions(simulator), ...connection },
    tables,
    destination: more.destination ?? null,
    clock: more.clock ?? systemClock,
    signal: new AbortController().signal,
  });
  for await (const step of found) steps.push(step);
  return steps;
}

function named(steps: readonly CheckStep[], name: string): CheckStep | undefined {
  return steps.find((step) => step.name === name);
}

const problems = (steps: readonly CheckStep[]): string[] =>
  steps.filter(({ status }) => status === 'failed' || status === 'warning').map(({ name }) => name);

test('a table that can be read passes every step, and the cost of the probe is said', async () => {
  const steps = await findings([selection('orders', { projection: 'pk, sk, a' })]);
  expect(steps.map(({ name }) => name)).toEqual([
    ...['Region us-east-1', 'Identity', 'ListTables', 'Clock', 'DescribeTable orders', 'Selection orders'],
    ...['Scan orders', 'Stream orders', 'TTL orders', 'PITR orders'],
  ]);
  expect(problems(steps)).toEqual([]);
  expect(named(steps, 'Identity')?.message).toBe('arn:aws:iam::123456789012:user/LOCAL of account 123456789012');
  expect(named(steps, 'Scan orders')?.message).toBe('One item was read; it cost 0.5 RCU');
  expect(named(steps, 'DescribeTable orders')?.message).toBe(
    'Key pk (S), sk (N); about 1 item, 7 B; 25 RCU provisioned; status ACTIVE',
  );
  expect(named(steps, 'Stream orders')?.message).toBe('Enabled, view type KEYS_ONLY');
  expect(named(steps, 'Selection orders')?.message).toBe('FULL_TABLE with pk, sk, a');
});

describe('the identity', () => {
  test('is shown for each role of the chain', async () => {
    const steps = await findings([selection('orders')], { roles: [{ roleArn: ROLE, externalId: 'x-1' }] });
    expect(named(steps, `Role ${ROLE}`)?.message).toContain('assumed-role/tributary-shop/tributary-shop');
    expect(problems(steps)).toEqual([]);
  });

  test('that may not assume the role ends the check of the source with that one failure', async () => {
    const steps = await findings([selection('orders')], { roles: [{ roleArn: ROLE, externalId: 'wrong' }] });
    expect(problems(steps)).toEqual([`Role ${ROLE}`]);
    expect(steps.at(-1)).toMatchObject({ status: 'failed', hint: expect.stringContaining('external id') });
  });

  test('that AWS does not know is one failure', async () => {
    simulator.identities.revoke(LOCAL_KEY);
    const steps = await findings([selection('orders')]);
    expect(problems(steps)).toEqual(['Identity']);
  });

  test('is not asked for at a local DynamoDB', async () => {
    const steps = await findings([selection('orders')], { stsEndpoint: null });
    expect(named(steps, 'Identity')).toMatchObject({ status: 'skipped' });
    expect(named(steps, 'Scan orders')).toMatchObject({ status: 'succeeded' });
  });
});

describe('permissions', () => {
  const restart = async (actions: readonly string[]): Promise<void> => {
    await simulator.close();
    await start({ accessKeys: [{ accessKeyId: LOCAL_KEY, policy: [{ actions, tables: ['*'] }] }] });
  };

  test('a denied Scan fails, with the action and the resource to allow', async () => {
    await restart(['ListTables', 'DescribeTable']);
    const steps = await findings([selection('orders')]);
    expect(named(steps, 'Scan orders')).toMatchObject({
      status: 'failed',
      hint: expect.stringContaining('Allow dynamodb:Scan on arn:aws:dynamodb:us-east-1:123456789012:table/orders'),
    });
  });

  test('what only displays need is a warning, not a failure', async () => {
    await restart(['DescribeTable', 'Scan']);
    const steps = await findings([selection('orders')]);
    expect(problems(steps)).toEqual(['ListTables', 'TTL orders', 'PITR orders']);
    expect(steps.filter(({ status }) => status === 'failed')).toEqual([]);
  });
});

describe('a table that follows its stream', () => {
  const following = selection('carts', { method: 'LOG_BASED' });
  const stream = (steps: readonly CheckStep[]) =>
    steps.filter(({ name }) => /^(Stream|DescribeStream|GetRecords|Destination) /.test(name));

  test('cannot keep expired rows where Time to Live does not tell which they are', async () => {
    createTable(simulator, 'carts', NEW_IMAGES);
    const steps = await findings([selection('carts', { method: 'LOG_BASED', ttlDeletes: 'ignore' })]);
    expect(named(steps, 'TTL carts')).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('Time to Live is off'),
      hint: expect.stringContaining('Turn it on.'),
    });
    expect(problems(await findings([selection('carts', { method: 'LOG_BASED' })]))).not.toContain('TTL carts');
  });

  test('is asked for its shards and for records, and the cost is said', async () => {
    createTable(simulator, 'carts', NEW_IMAGES);
    const steps = await findings([following]);
    expect(stream(steps)).toEqual([
      { name: 'Stream carts', status: 'succeeded', message: 'Enabled, view type NEW_IMAGE', hint: null },
      {
        name: 'DescribeStream carts',
        status: 'succeeded',
        message: expect.stringMatching(
          /^Status ENABLED; (\d+) shards?, \1 open; DynamoDB takes two readers of a shard/,
        ),
        hint: null,
      },
      {
        name: 'GetRecords carts',
        status: 'succeeded',
        message: 'The stream can be read; AWS bills the one GetRecords that was sent',
        hint: null,
      },
    ]);
    expect(problems(steps)).toEqual([]);
  });

  test('without a stream is not asked further, and learns how to enable one', async () => {
    createTable(simulator, 'carts');
    const steps = await findings([following]);
    expect(stream(steps)).toMatchObject([{ name: 'Stream carts', message: 'Not enabled' }]);
    expect(named(steps, 'Selection carts')).toMatchObject({
      status: 'failed',
      hint: expect.stringContaining(
        `aws dynamodb update-table --endpoint-url ${simulator.endpoint} --region us-east-1 --table-name carts`,
      ),
    });
  });

  test('that may not be read names the action to allow', async () => {
    await simulator.close();
    const actions = ['ListTables', 'DescribeTable', 'Scan', 'DescribeStream'];
    await start({ accessKeys: [{ accessKeyId: LOCAL_KEY, policy: [{ actions, tables: ['*'] }] }] });
    createTable(simulator, 'carts', NEW_IMAGES);
    const steps = await findings([following]);
    expect(named(steps, 'DescribeStream carts')).toMatchObject({ status: 'succeeded' });
    expect(named(steps, 'GetRecords carts')).toMatchObject({
      status: 'failed',
      hint: expect.stringContaining('Allow dynamodb:GetShardIterator on '),
    });
  });

  test('that too many others read is a warning', async () => {
    createTable(simulator, 'carts', NEW_IMAGES);
    simulator.faults.add({
      action: 'GetRecords',
      fault: { kind: 'error', error: 'LimitExceededException', message: 'Too many readers', status: 400 },
    });
    expect(named(await findings([following]), 'GetRecords carts')).toMatchObject({
      status: 'warning',
      hint: expect.stringContaining('Look for other readers of the stream'),
    });
  });

  test.each([
    ['none', false, 'soft', 'failed'],
    ['merge', true, 'hard', 'succeeded'],
    ['ordered', false, 'soft', 'succeeded'],
    ['ordered', false, 'hard', 'failed'],
  ] as const)('with a destination that takes changes as %s, removes rows %s, and deletes %s has %s', async (...row) => {
    const [changes, hardDeletes, deletes, status] = row;
    createTable(simulator, 'carts', NEW_IMAGES);
    const destination = { capabilities: { changes, hardDeletes }, async *check() {} };
    const steps = await findings([{ ...following, deletes }, selection('orders')], {}, { destination });
    expect(stream(steps).filter(({ name }) => name.startsWith('Destination'))).toMatchObject([
      { name: 'Destination carts', status },
    ]);
  });
});

test('one table that is missing does not hide what is found about the others', async () => {
  const steps = await findings([
    selection('gone'),
    selection('orders', { method: 'LOG_BASED' }),
    selection('orders/x'),
  ]);
  expect(steps.filter(({ status }) => status === 'failed').map(({ name, message }) => [name, message])).toEqual([
    ['DescribeTable gone', expect.stringContaining('there is no such table in region us-east-1')],
    ['Selection orders', expect.stringContaining('its stream has the view type KEYS_ONLY, which lacks the new item')],
    ['Selection orders/x', 'Table orders has no index x'],
    ['Scan orders/x', expect.any(String)],
  ]);
});

test('a malformed region is the only step', async () => {
  const steps = await findings([selection('orders')], { region: 'eu_west_1', endpoint: null });
  expect(steps).toMatchObject([
    { name: 'Region eu_west_1', status: 'failed', hint: expect.stringContaining('eu-west-1') },
  ]);
});

test('an endpoint that nobody listens on fails the check', async () => {
  const port = simulator.port;
  await simulator.close();
  const steps = await findings([selection('orders')], { endpoint: `http://127.0.0.1:${port}`, stsEndpoint: null });
  expect(steps.at(-1)).toMatchObject({ name: 'ListTables', status: 'failed' });
  expect(steps.at(-1)?.message).toContain('no answer from http://127.0.0.1');
  await start();
});

test('a clock that is off is a warning', async () => {
  const clock = { ...systemClock, now: () => Date.now() + 10 * 60_000 };
  const steps = await findings([selection('orders')], {}, { clock });
  expect(named(steps, 'Clock')).toMatchObject({ status: 'warning', hint: expect.stringContaining('NTP') });
});

test('no selected table is a warning', async () => {
  expect(problems(await findings([]))).toEqual(['Tables']);
});

test('the steps of the destination follow, and its failure is a step', async () => {
  const destination = {
    capabilities: { changes: 'merge', hardDeletes: true } as const,
    async *check(): AsyncIterable<CheckStep> {
      yield { name: 'Open file', status: 'succeeded', message: 'ok', hint: null };
      throw new TributaryError('DESTINATION_LOCKED', 'The file is locked by process 7');
    },
  };
  const steps = await findings([selection('orders')], {}, { destination });
  expect(steps.slice(-2)).toMatchObject([
    { name: 'Open file', status: 'succeeded' },
    { name: 'Destination', status: 'failed', message: 'The file is locked by process 7' },
  ]);
});
