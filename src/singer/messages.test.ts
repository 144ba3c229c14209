import { describe, expect, test } from 'vitest';
import type { RecordFrame } from '../model/record-frame.ts';
import {
  activateVersionMessage,
  batchFrame,
  batchMessage,
  deletedTail,
  recordFrame,
  schemaMessage,
  stateMessage,
} from './messages.ts';

const DELETED_AT_MS = Date.UTC(2023, 10, 14, 22, 13, 21);

/** The line of an item between head and tail. */
function lineOf({ head, tail }: RecordFrame, members: string): string {
  return `${head}${members}${tail}`;
}

describe('messages', () => {
  test('have the members that singer-python gives them, a line each', () => {
    const schema = { type: 'object' };
    expect(schemaMessage({ stream: 'orders', schema, keyProperties: ['pk', 'sk'] }).toString()).toBe(
      '{"type":"SCHEMA","stream":"orders","schema":{"type":"object"},"key_properties":["pk","sk"]}\n',
    );
    expect(stateMessage({ bookmarks: { řádek: { version: 1795446409653 } } }).toString()).toBe(
      '{"type":"STATE","value":{"bookmarks":{"řádek":{"version":1795446409653}}}}\n',
    );
    expect(activateVersionMessage('orders', 1795446409653).toString()).toBe(
      '{"type":"ACTIVATE_VERSION","stream":"orders","version":1795446409653}\n',
    );
  });

  test('of batches have the shape of the SDK', () => {
    expect(batchMessage('orders', ['file:///a.jsonl.gz', 'file:///b.jsonl.gz']).toString()).toBe(
      '{"type":"BATCH","stream":"orders","encoding":{"format":"jsonl","compression":"gzip"},"manifest":["file:///a.jsonl.gz","file:///b.jsonl.gz"]}\n',
    );
  });
});

describe('the frame of a RECORD', () => {
  const plain = { stream: 'orders', version: null, timeExtractedMs: null, deletedAt: false };

  test('names stream and item only, where nothing more is known', () => {
    expect(lineOf(recordFrame(plain), '"pk":"a"')).toBe('{"type":"RECORD","stream":"orders","record":{"pk":"a"}}\n');
  });

  test('names version and time, and says in the item that it is not deleted', () => {
    const frame = recordFrame({ stream: 'orders', version: 7, timeExtractedMs: DELETED_AT_MS + 5, deletedAt: true });
    expect(lineOf(frame, '"pk":"a"')).toBe(
      '{"type":"RECORD","stream":"orders","version":7,"time_extracted":"2023-11-14T22:13:21.005000Z","record":{"pk":"a","_sdc_deleted_at":null}}\n',
    );
  });

  test.each([true, false])('says of a deleted item when, once (other items say that they are not: %s)', (deletedAt) => {
    const frame = recordFrame({ ...plain, deletedAt });
    expect(lineOf({ ...frame, tail: deletedTail(frame, DELETED_AT_MS) }, '"pk":"a"')).toBe(
      '{"type":"RECORD","stream":"orders","record":{"pk":"a","_sdc_deleted_at":"2023-11-14T22:13:21.000000Z"}}\n',
    );
  });

  test('of a line of a batch is the item, with its version and deletion in it', () => {
    expect(lineOf(batchFrame({ version: null, deletedAt: false }), '"pk":"a"')).toBe('{"pk":"a"}\n');
    const frame = batchFrame({ version: 7, deletedAt: true });
    expect(lineOf(frame, '"pk":"a"')).toBe('{"pk":"a","_sdc_deleted_at":null,"_sdc_table_version":7}\n');
    expect(lineOf({ ...frame, tail: deletedTail(frame, DELETED_AT_MS) }, '"pk":"a"')).toBe(
      '{"pk":"a","_sdc_deleted_at":"2023-11-14T22:13:21.000000Z","_sdc_table_version":7}\n',
    );
  });
});
