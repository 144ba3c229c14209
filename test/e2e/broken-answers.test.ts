import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { createDuckDbDestination } from '../../src/load/duckdb/duckdb.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createTableCounters } from '../../src/replication/table-counters.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { createManualClock, type ManualClock } from '../../src/simulator/manual-clock.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { readDuckDbTable } from '../support/duckdb-reader.ts';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { compareExactly, exact } from '../support/exact.ts';
import { runFullTable } from '../support/full-table-run.ts';
import { DESTINATIONS, openShop, orders, type Shop } from './troubled-shop.ts';

/** Everything that can be wrong with an answer, and what remains to be said when it never gets right. */
const FAULTS: readonly { readonly fault: Fault; readonly code: string; readonly why: RegExp }[] = [
  { fault: { kind: 'server-error', status: 500 }, code: 'SOURCE_UNAVAILABLE', why: /Internal server error/ },
  { fault: { kind: 'server-error', status: 503 }, code: 'SOURCE_UNAVAILABLE', why: /temporarily unavailable/ },
  { fault: { kind: 'html-503' }, code: 'SOURCE_UNAVAILABLE', why: /answer 503 with a body that is not JSON/ },
  { fault: { kind: 'empty-body' }, code: 'ANSWER_CORRUPT', why: /The answer was empty/ },
  {
    fault: { kind: 'cut-body', framing: 'content-length' },
    code: 'ANSWER_CORRUPT',
    why: /does not match its checksum/,
  },
  { fault: { kind: 'cut-body', framing: 'chunked' }, code: 'ANSWER_CORRUPT', why: /does not match its checksum/ },
  { fault: { kind: 'wrong-crc32' }, code: 'ANSWER_CORRUPT', why: /does not match its checksum/ },
  { fault: { kind: 'reset' }, code: 'ENDPOINT_UNREACHABLE', why: /no answer from http/ },
  { fault: { kind: 'reset-mid-body' }, code: 'ANSWER_CORRUPT', why: /The answer was cut short/ },
];

describe('answers that are broken now and then', () => {
  test.each(DESTINATIONS)('are asked for again: the table arrives exactly (%s)', async (destination) => {
    const items = orders(1_200, { textBytes: 1_000 });
    await using shop = await openShop({ destination, items });
    FAULTS.forEach(({ fault }, at) => {
      shop.simulator.faults.add({ action: 'Scan', after: 1 + at, fault });
    });
    // Near the end: what was read until then is the rate that is halved.
    shop.simulator.faults.add({
      action: 'Scan',
      after: FAULTS.length + 7,
      fault: { kind: 'throttle', error: 'ThrottlingException' },
    });
    await shop.sync();
    const scans = shop.simulator.requests.scans('orders');
    const struck = new Set(scans.map(({ fault }) => fault));
    expect(struck).toEqual(new Set([...FAULTS.map(({ fault }) => fault.kind), 'throttle', null]));
    // The first look at the table and the first page of each segment were asked for until an answer was sound.
    const begun = scans.filter(({ fault, exclusiveStartKey }) => fault === null && exclusiveStartKey === null);
    expect(begun.map(({ segment }) => segment).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, null]);
    await shop.expectLive(items);
  });
});

/** A simulator and a run whose clock is turned by hand, and a DuckDB file that already holds an older version. */
async function openSlowShop() {
  const clock = createManualClock();
  const simulator = await startSimulator({ clock });
  const folder = await mkdtemp(join(tmpdir(), 'tributary-slow-'));
  const path = join(folder, 'warehouse.duckdb');
  const destination = createDuckDbDestination({ path, publish: null, lockWaitMs: 0 }, { clock: systemClock });
  simulator.tables.create({
    TableName: 'orders',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  const counters = createTableCounters('orders');
  const run = () =>
    turned(clock, runFullTable({ simulator, clock, destination, table: 'orders', counters, segmentConcurrency: 1 }));
  const live = async (items: readonly DynamoItem[]) => {
    const { rows, columns, versions } = await readDuckDbTable(path, {
      source: 'shop',
      name: 'orders',
      schema: 'shop',
      table: 'orders',
    });
    return { ...compareExactly({ items, rows, columns, key: ['id'] }), versions: versions.length };
  };
  const before = orders(20);
  simulator.tables.putItems('orders', before);
  await run();
  const items = orders(1_200, { revision: 2, textBytes: 1_000 });
  simulator.tables.putItems('orders', items);
  return {
    clock,
    simulator,
    counters,
    run,
    live,
    before,
    items,
    [Symbol.asyncDispose]: async () => {
      await destination.close();
      await simulator.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Moves time on, 250 times as fast as it is or slower, until the work ends. */
async function turned<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
  };
  work.then(end, end);
  while (!hasEnded) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    clock.advance(250);
  }
  return await work;
}

const MINUTE_MS = 60_000;
/** One of each way to go wrong: each costs seconds of the SDK's own retries. */
const PERMANENT = FAULTS.filter(({ fault }) => {
  return ['html-503', 'reset'].includes(fault.kind) || (fault.kind === 'cut-body' && fault.framing === 'chunked');
});

describe.concurrent('answers that stay broken', () => {
  test('a minute of throttling is waited out, counted, and nothing is lost', async ({ expect: check }) => {
    await using shop = await openSlowShop();
    const { clock, simulator } = shop;
    let endsMs = 0;
    const unhook = simulator.onRequest(({ action }) => {
      if (action !== 'Scan' || simulator.requests.scans('orders').length !== 4) return;
      endsMs = clock.now() + MINUTE_MS;
      const fault = { kind: 'throttle', error: 'ProvisionedThroughputExceededException' } as const;
      simulator.faults.add({ action: 'Scan', untilMs: endsMs, fault });
    });
    const { version } = await shop.run();
    check(version).toBe(2);
    unhook();
    check(clock.now()).toBeGreaterThanOrEqual(endsMs);
    check(shop.counters.throttleCount).toBeGreaterThan(0);
    check(await shop.live(shop.items)).toEqual({ ...exact(shop.items.length), versions: 1 });
  });

  test.each(PERMANENT)(
    '$fault.kind: after five minutes the run says $code, readers keep the old version, the next run finishes it',
    async ({ fault, code, why }) => {
      await using shop = await openSlowShop();
      const { clock, simulator } = shop;
      const startMs = clock.now();
      simulator.faults.add({ action: 'Scan', after: 4, times: 'always', fault });
      const [outcome] = await Promise.allSettled([shop.run()]);
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          code,
          kind: 'transient',
          message: expect.stringMatching(new RegExp(`^dynamodb:Scan on orders failed: .*${why.source}`)),
          hint: expect.stringMatching(/the next run resumes|nothing that was done is lost/),
        },
      });
      expect(clock.now() - startMs).toBeGreaterThanOrEqual(5 * MINUTE_MS);
      expect(await shop.live(shop.before)).toEqual({ ...exact(shop.before.length), versions: 1 });

      simulator.faults.clear();
      expect((await shop.run()).version).toBe(2);
      expect(await shop.live(shop.items)).toEqual({ ...exact(shop.items.length), versions: 1 });
    },
  );
});

describe('a table that disappears while it is read', () => {
  const items = orders(2_000, { revision: 2, textBytes: 1_000 });

  /** Runs a sync in which something happens to the table before the sixth Scan. */
  async function disturbed(shop: Shop, disturb: (client: DynamoDBClient) => Promise<unknown>) {
    const client = new DynamoDBClient({
      endpoint: shop.simulator.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'OWNER', secretAccessKey: 'secret' },
    });
    shop.simulator.requests.clear();
    const unhook = shop.simulator.onRequest(async ({ action }) => {
      if (action === 'Scan' && shop.simulator.requests.scans('orders').length === 6) await disturb(client);
    });
    const run = await shop.tributary('sync');
    unhook();
    client.destroy();
    return run;
  }

  const create = new CreateTableCommand({
    TableName: 'orders',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });

  test.each(DESTINATIONS)('for good: readers keep what they have (%s)', async (destination) => {
    await using shop = await openShop({ destination });
    await shop.sync();
    shop.restock(items);
    const run = await disturbed(shop, (client) => client.send(new DeleteTableCommand({ TableName: 'orders' })));
    expect(run.exitCode).toBe(2);
    expect(run.stdout).toContain(
      'orders TABLE_NOT_FOUND: dynamodb:Scan on orders failed: there is no such table in region us-east-1\n' +
        '  Fix: Compare with `tributary discover`; check the region of the source.\n',
    );
    await shop.expectLive(orders(50));

    // Created again, it is another table: nothing of the interrupted version is used.
    const again = orders(90, { revision: 3 });
    shop.simulator.tables.create({ ...create.input });
    shop.simulator.tables.putItems('orders', again);
    await shop.sync();
    await shop.expectLive(again);
  });

  test.each(DESTINATIONS)('and comes back with other items: the two are not mixed (%s)', async (destination) => {
    await using shop = await openShop({ destination });
    await shop.sync();
    shop.restock(items);
    const again = orders(1_900, { revision: 3, textBytes: 1_000 });
    const run = await disturbed(shop, async (client) => {
      await client.send(new DeleteTableCommand({ TableName: 'orders' }));
      await client.send(create);
      shop.simulator.tables.putItems('orders', again);
    });
    expect(run.exitCode).toBe(5);
    expect(run.stdout).toContain(
      'orders TABLE_NOT_READY: orders was deleted and created again while it was read\n' +
        '  Fix: Run again: the next run begins a new version; readers keep the old one until then\n',
    );
    await shop.expectLive(orders(50));
    await shop.sync();
    await shop.expectLive(again);
  });
});
