import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectTo } from '../../../test/support/local-connection.ts';
import { createTable, NEW_IMAGES } from '../../../test/support/simulated-table.ts';
import { turningClock } from '../../../test/support/stream-following.ts';
import type { Connection } from '../../connection/clients.ts';
import { createStreamCalls, type StreamCalls } from '../../connection/stream-calls.ts';
import { silentLogger } from '../../platform/logger.ts';
import { createManualClock, type ManualClock } from '../../simulator/manual-clock.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { createDescribeRate, type DescribeRate } from './describe-rate.ts';
import { listChildren, listShards, type StreamListing } from './list-shards.ts';

const { signal } = new AbortController();
let simulator: Simulator;
let connection: Connection;
let clock: ManualClock;
let rate: DescribeRate;
let calls: StreamCalls;

beforeEach(async () => {
  clock = createManualClock();
  simulator = await startSimulator({ clock });
  createTable(simulator, 'orders', NEW_IMAGES);
  connection = connectTo(simulator, clock);
  calls = createStreamCalls(connection);
  rate = createDescribeRate(clock);
});
afterEach(async () => {
  connection.close();
  await simulator.close();
});

const source = () => ({
  ...{ calls, rate, clock, awsTime: connection.awsTime, log: silentLogger, signal },
  streamArn: simulator.streams.arn('orders'),
});
const turning = <T>(work: Promise<T>): Promise<T> => turningClock(clock, work);
const list = (): Promise<StreamListing> => turning(listShards(source()));
const idsOf = ({ shards }: StreamListing): readonly string[] => shards.map(({ shardId }) => shardId).sort();
const allIds = (): readonly string[] =>
  simulator.streams
    .shards('orders')
    .map(({ id }) => id)
    .sort();
const describes = (): number => simulator.requests.all().filter(({ action }) => action === 'DescribeStream').length;

describe('listShards', () => {
  test('has every shard of every page, with its state', async () => {
    simulator.streams.setInitialShards('orders', 250);
    const listing = await list();
    expect(idsOf(listing)).toEqual(allIds());
    expect(listing).toMatchObject({ status: 'ENABLED', viewType: 'NEW_IMAGE', pageCount: 3 });
  });

  test('sends eight calls a second, whoever asks, and is never refused for its rate', async () => {
    simulator.streams.setInitialShards('orders', 1_500);
    const startedMs = clock.now();
    await turning(Promise.all([listShards(source()), listShards(source())]));
    expect(describes()).toBe(30);
    expect(clock.now() - startedMs).toBe(29 * 125);
  });

  test('takes pages with children before parents, and shards that are on two of them', async () => {
    simulator.streams.setInitialShards('orders', 150);
    simulator.streams.rollAll('orders');
    simulator.streams.listChildrenFirst('orders', true);
    const listing = await list();
    expect(idsOf(listing)).toEqual(allIds());
    expect(listing.shards.filter(({ endingSequenceNumber }) => endingSequenceNumber !== null).length).toBe(150);
  });

  test('begins again when the place where a page starts is gone', async () => {
    simulator.streams.setInitialShards('orders', 150);
    const gone = { kind: 'error', error: 'ResourceNotFoundException', message: 'no such shard' } as const;
    simulator.faults.add({ action: 'DescribeStream', after: 1, fault: gone });
    expect(idsOf(await list())).toEqual(allIds());
    expect(describes()).toBe(4);
  });

  test('says when pages never follow each other', async () => {
    simulator.streams.setInitialShards('orders', 150);
    const answer = { status: 'ENABLED', viewType: 'NEW_IMAGE', label: '', createdAtMs: null, shards: [] } as const;
    const circling = {
      ...source(),
      calls: { ...calls, describe: async () => ({ ...answer, lastEvaluatedShardId: 'a' }) },
    };
    await expect(turning(listShards(circling))).rejects.toMatchObject({
      code: 'ANSWER_CORRUPT',
      message: 'The pages of shards of the stream of orders do not follow each other',
      hint: 'Nothing is lost: run again',
    });
  });

  test('waits out throttles and faults within a listing', async () => {
    simulator.streams.setInitialShards('orders', 150);
    simulator.faults.add({
      action: 'DescribeStream',
      after: 1,
      times: 3,
      fault: { kind: 'throttle', error: 'ThrottlingException' },
    });
    expect(idsOf(await list())).toEqual(allIds());
    expect(describes()).toBe(5);
  });

  test('rejects for a stream that does not exist, and where it is denied', async () => {
    const missing = { ...source(), streamArn: `${simulator.streams.arn('orders')}x` };
    await expect(turning(listShards(missing))).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
    simulator.faults.add({ action: 'DescribeStream', fault: { kind: 'access-denied' } });
    await expect(list()).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });

  test('asks for the children of one shard', async () => {
    const [parent = ''] = allIds();
    const child = simulator.streams.roll('orders', parent);
    const children = await turning(listChildren(source(), parent));
    expect(children.map(({ shardId }) => shardId)).toEqual([child]);
  });
});
