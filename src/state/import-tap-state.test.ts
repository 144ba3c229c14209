import { describe, expect, test } from 'vitest';
import type { ListedShard } from '../connection/stream-calls.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { readTapState, unitsOfTapBookmark } from './import-tap-state.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 5, 1, 12);
const SUCCESS = '2026-06-01T10:00:00.000000Z';

function bookmark(changes: object = {}) {
  const state = {
    currently_syncing: 'orders',
    bookmarks: {
      orders: {
        last_replication_method: 'LOG_BASED',
        version: NOW_MS - 200 * HOUR_MS,
        initial_full_table_complete: true,
        // The tap appends its finished shards in every run.
        finished_shards: ['gone', 'a', 'b', 'a', 'b'],
        success_timestamp: SUCCESS,
        ...changes,
      },
    },
  };
  const found = readTapState(JSON.stringify(state)).get('orders');
  if (found === undefined) throw new Error('the state has no orders');
  return found;
}

function listed(shardId: string, parentShardId: string | null, first = 1): ListedShard {
  return { shardId, parentShardId, startingSequenceNumber: String(first), endingSequenceNumber: null };
}

/** a, then b, then c, which the tap has not seen: it was open. */
const LISTING = [listed('c', 'b', 300), listed('a', 'before', 100), listed('b', 'a', 200)];

function convert(changes: object, listing: readonly ListedShard[] = LISTING): readonly NewUnit[] {
  const units = unitsOfTapBookmark(bookmark(changes), { listing, base: 7n, laneCount: 32, awsNowMs: NOW_MS });
  if (typeof units === 'string') throw new Error(units);
  return units;
}
const positions = (units: readonly NewUnit[]) =>
  Object.fromEntries(units.map(({ unit, position }) => [unit, position]));

describe('the shards of a state of tap-dynamodb', () => {
  test('finished ones are at their end, each once, and those after them are left to the reader', () => {
    expect(positions(convert({}))).toEqual({ 'shard:a': 'end', 'shard:b': 'end' });
  });

  test('begin with the base, in the lane of their root, verified as far as the tap could have read', () => {
    const units = convert({});
    const verifiedThroughMs = Date.parse(SUCCESS) - 4.5 * HOUR_MS;
    for (const { shard } of units) {
      expect(shard).toMatchObject({
        sequence: 7n,
        verifiedThroughMs,
        firstListedAtMs: NOW_MS,
        lane: units[0]?.shard?.lane,
      });
    }
    expect(units.map(({ shard }) => shard?.parent)).toEqual(['before', 'a']);
  });

  test('an interrupted one goes on after its number', () => {
    expect(positions(convert({ finished_shards: ['a'], shard_seq_numbers: { b: '2000000000000000000001' } }))).toEqual({
      'shard:a': 'end',
      'shard:b': 'after 2000000000000000000001',
    });
  });

  test('a finished one is not read again from a number that is left over', () => {
    const units = convert({ finished_shards: ['a', 'b', 'gone'], shard_seq_numbers: { a: '150', gone: '9' } });
    expect(positions(units)).toEqual({ 'shard:a': 'end', 'shard:b': 'end' });
  });

  test('nothing counts as read below one that is not', () => {
    expect(positions(convert({ finished_shards: ['b'], shard_seq_numbers: { a: '150' } }))).toEqual({
      'shard:a': 'after 150',
      'shard:b': 'at 200',
    });
    expect(positions(convert({ finished_shards: ['b'] }))).toEqual({ 'shard:a': 'at 100', 'shard:b': 'at 200' });
  });

  test('a shard that begins the stream is read from its start although the tap does not name it', () => {
    expect(positions(convert({ finished_shards: [] }, [listed('first', null, 5)]))).toEqual({ 'shard:first': 'at 5' });
  });

  test('a finished shard that is gone stays only as the proof for its child', () => {
    expect(positions(convert({ finished_shards: ['old', 'older'] }, [listed('x', 'old')]))).toEqual({
      'shard:old': 'end',
    });
  });

  test('a shard to which nothing leads is left to the reader, which records the gap', () => {
    expect(convert({ finished_shards: ['other'] }, [listed('x', 'unknown')])).toEqual([]);
  });

  test('one that was not read to its end and is gone stays, so that the reader finds the gap', () => {
    expect(positions(convert({ finished_shards: [], shard_seq_numbers: { lost: '9' } }, []))).toEqual({
      'shard:lost': 'after 9',
    });
  });
});

describe('the Scan of a state of tap-dynamodb', () => {
  const segment = (changes: object) =>
    convert({ initial_full_table_complete: null, success_timestamp: null, ...changes })[0];

  test('goes on after the last key, digit for digit', () => {
    const n = '12345678901234567890123456789012345678';
    expect(segment({ last_evaluated_key: { id: { S: 'x"y' }, n: { N: n } } })).toEqual({
      unit: 'segment:0/1',
      position: `after {"id":{"S":"x\\"y"},"n":{"N":"${n}"}}`,
      shard: null,
    });
  });

  test('of a table with a binary key goes on after its bytes', () => {
    expect(segment({ last_evaluated_key: { id: { B: 'é' } } })?.position).toBe('after {"id":{"B":"w6k="}}');
  });

  test('that was not begun starts', () => {
    expect(segment({})?.position).toBe('start');
  });

  test('decides by its begin what the stream is verified through', () => {
    const [, shard] = convert({ initial_full_table_complete: false, success_timestamp: null });
    expect(shard?.shard?.verifiedThroughMs).toBe(NOW_MS - 204.5 * HOUR_MS);
  });
});

describe('a state that says nothing about the stream', () => {
  const options = { listing: LISTING, base: 7n, laneCount: 32, awsNowMs: NOW_MS };
  test('is refused with the reason', () => {
    expect(unitsOfTapBookmark(bookmark({ finished_shards: null }), options)).toContain('through its stream');
    expect(unitsOfTapBookmark(bookmark({ version: null, success_timestamp: null }), options)).toContain('not begun');
    const half = { last_evaluated_key: {}, initial_full_table_complete: false };
    expect(unitsOfTapBookmark(bookmark(half), options)).toContain('no key of an item');
    // Of a reading that is complete nobody needs it.
    expect(unitsOfTapBookmark(bookmark({ last_evaluated_key: {} }), options)).toBeInstanceOf(Array);
  });
});

describe('readTapState', () => {
  test('takes the message of a tap, too', () => {
    const message = { type: 'STATE', value: { bookmarks: { orders: { version: 5 } } } };
    expect([...readTapState(JSON.stringify(message)).keys()]).toEqual(['orders']);
  });

  test.each([
    ['{"bookmarks":', 'JSON'],
    ['{}', 'no bookmarks'],
    ['{"type":"STATE","value":{"bookmarks":{"orders":{"version":"x"}}}}', 'value.bookmarks.orders.version'],
    ['[]', 'no state of tap-dynamodb: expected {}, or an object with "bookmarks"'],
    ['{"region_name":"us-east-1"}', 'no state of tap-dynamodb: expected {}'],
    ['{"type":"STATE","value":{"streams":[]}}', 'no state of tap-dynamodb: value: expected {}'],
    ['{"type":"STATE"}', 'no state of tap-dynamodb: expected {}'],
    ['{"bookmarks":[]}', 'no state of tap-dynamodb: bookmarks: expected an object'],
    ['{"bookmarks":{}}\n{"bookmarks":{}}\n', 'several lines'],
    [
      '{"bookmarks":{"orders":{"shard_seq_numbers":{"a":"x"}}}}',
      'bookmarks.orders.shard_seq_numbers.a: not a sequence number',
    ],
    ['{"bookmarks":{"orders":{"success_timestamp":"yesterday"}}}', 'bookmarks.orders.success_timestamp'],
  ])('says what is wrong with %s', (text, reason) => {
    expect(() => readTapState(text)).toThrow(
      expect.objectContaining({ code: 'STATE_INVALID', message: expect.stringContaining(reason) }),
    );
  });

  test.each([
    ['{"completed":{"singer_state":{"bookmarks":{}}}}', /value of singer_state/],
    ['{"singer_state":{"bookmarks":{}}}', /value of singer_state/],
    ['{"bookmarks":{}}\n{"bookmarks":{}}\n', /^Give the last line alone/],
    ['{\n"bookmarks":\n', /^Name the file/],
  ])('says what to do with %s', (text, hint) => {
    expect(() => readTapState(text)).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
  });

  test('says nothing of what is in a text that is no JSON', () => {
    expect(() => readTapState('{"last_evaluated_key": Ann}')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('Ann') }),
    );
  });
});
