import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FollowedOrders, followedOrders, HOUR_MS } from '../../test/support/followed-orders.ts';
import { runLogBased } from '../../test/support/log-based-run.ts';
import { createOrderedTarget, ORDERS, type OrderedTarget, tapInto } from '../../test/support/ordered-target.ts';
import type { ScanPageFetcher } from '../connection/scan-page.ts';
import { orAbort } from '../platform/abort.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';

const KEYS = 20;
const NEVER = { signal: new AbortController().signal };

let orders: FollowedOrders;
let target: OrderedTarget;
/** What eventually consistent reads answer with: the table as it was when this was noted, segment by segment. */
let noted: Map<number, Buffer>;

beforeEach(async () => {
  orders = await followedOrders({ factor: 400 });
  orders.simulator.streams.setRollEvery('orders', null);
  for (let index = 0; index < KEYS; index++) orders.put(`key-${index}`, 1);
  // Large enough for several segments.
  orders.simulator.tables.reportStatistics('orders', { itemCount: 20_000, sizeBytes: 1_000_000 });
  target = createOrderedTarget(({ pk }) => String(pk));
  noted = new Map();
});
afterEach(() => orders.simulator.close());

/** On which a turn of the Scan, which takes four hours, ends with the promise. */
function clockWithTurn(turn: Promise<unknown>): Clock {
  return {
    now: orders.clock.now,
    sleep: (ms, signal) =>
      ms === 4 * HOUR_MS
        ? orAbort(
            turn.then(() => {}),
            signal,
          )
        : orders.clock.sleep(ms, signal),
  };
}

const KILLED = new TributaryError('OUTPUT_CLOSED', 'The process was killed here');

const FOREVER = new Promise<never>(() => {});

/** One process of the tap, from the last STATE that the target has seen. `isOver`: looked at before each write. */
async function runTap(options: {
  readonly turn?: Promise<unknown>;
  readonly reading: (fetchPage: ScanPageFetcher) => ScanPageFetcher;
  readonly isOver?: (lines: Buffer) => boolean;
}): Promise<void> {
  const dead = new AbortController();
  const output = target.connect({
    beforeWrite: (lines) => {
      if (options.isOver?.(lines)) dead.abort(KILLED);
      dead.signal.throwIfAborted();
    },
  });
  const tap = tapInto(output, { state: target.state ?? {}, clock: orders.clock, streams: [ORDERS] });
  await tap.resume('orders', NEVER);
  const { simulator } = orders;
  const run = { simulator, destination: tap, table: 'orders', segmentConcurrency: 1, signal: dead.signal };
  await runLogBased({ ...run, clock: clockWithTurn(options.turn ?? FOREVER), reading: options.reading });
  await tap.succeeded('orders', orders.clock.now());
  await tap.close();
}

/** Answers from what was noted, as a replica does that lags behind; consistent reads only where they are `honoured`. */
function lagging({ honoured }: { readonly honoured: boolean }) {
  return (fetchPage: ScanPageFetcher): ScanPageFetcher =>
    async (request, options) => {
      const answer = await fetchPage(request, options);
      const stale = noted.get(request.segment);
      if (stale === undefined) noted.set(request.segment, Buffer.from(answer.body));
      return stale === undefined || (honoured && request.consistentRead)
        ? answer
        : { ...answer, body: Buffer.from(stale) };
    };
}

/**
 * The first process reads one segment, and then the second one takes so long that the stream gets its turn. An item of
 * that segment is changed, the change is written and covered by a STATE, and the process is killed.
 */
async function killBetweenChangeAndPage(): Promise<string> {
  let changed = '';
  const turn = new AbortController();
  const reading = (fetchPage: ScanPageFetcher): ScanPageFetcher => {
    const lag = lagging({ honoured: true })(fetchPage);
    return async (request, options) => {
      const answer = await lag(request, options);
      if (request.segment === 0 || changed !== '') return answer;
      changed = /key-\d+/.exec(answer.body.toString())?.[0] ?? '';
      if (changed === '') return answer;
      orders.put(changed, 2);
      turn.abort();
      return await orAbort(FOREVER, options.signal);
    };
  };
  let isCovered = false;
  const isOver = (lines: Buffer): boolean => {
    if (isCovered) return true;
    // The STATE behind the change is still written, and nothing more.
    isCovered = lines.includes('"STATE"') && target.rows.get('orders')?.get(changed)?.record['v'] === 2;
    return false;
  };
  const over = once(turn.signal, 'abort');
  await expect(runTap({ reading, isOver, turn: over })).rejects.toBe(KILLED);
  expect(target.rows.get('orders')?.get(changed)?.record['v']).toBe(2);
  return changed;
}

test('a change that was written before a restart is not overwritten by a page that is older', async () => {
  const changed = await killBetweenChangeAndPage();
  await runTap({ reading: lagging({ honoured: true }) });
  expect(target.rows.get('orders')?.get(changed)?.record['v']).toBe(2);
  expect(target.rows.get('orders')?.size).toBe(KEYS);
});

test('reading on with eventually consistent pages would overwrite it for ever', async () => {
  const changed = await killBetweenChangeAndPage();
  await runTap({ reading: lagging({ honoured: false }) });
  expect(target.rows.get('orders')?.get(changed)?.record['v']).toBe(1);
});
