import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEcho, stateValue } from './echo.ts';

const marks = new Map([
  ['shop-orders', 7],
  ['shop-events', 0],
]);

describe('the STATE that a target repeats', () => {
  it('gives back the marks that were sent, whatever the streams are called', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'));
    fc.assert(
      fc.property(names, fc.uuid(), (streams, processId) => {
        const sent = new Map(streams.map((stream, n) => [stream, n * 1000]));
        expect(readEcho(JSON.stringify(stateValue(processId, sent)), processId)).toEqual({
          kind: 'state',
          marks: sent,
        });
      }),
    );
  });

  it('may hold only some streams, and more than ours', () => {
    const echo = { bookmarks: { 'shop-orders': { tributary: 'run-1:6', more: 1 }, other: {}, third: 3 }, version: 1 };
    expect(readEcho(JSON.stringify(echo), 'run-1')).toEqual({ kind: 'state', marks: new Map([['shop-orders', 6]]) });
  });

  it('confirms nothing when it is that of another process', () => {
    expect(readEcho(JSON.stringify(stateValue('run-1', marks)), 'run-2')).toEqual({ kind: 'state', marks: new Map() });
  });

  it.each([
    ['{}'],
    ['{"bookmarks":null}'],
    ['{"bookmarks":[1]}'],
    ['{"bookmarks":{"s":{"tributary":"run-1:"}}}'],
    ['{"bookmarks":{"s":{"tributary":"run-1:-1"}}}'],
    ['{"bookmarks":{"s":{"tributary":"run-1:1e3"}}}'],
    ['{"bookmarks":{"s":{"tributary":"run-1:99999999999999999999"}}}'],
    ['{"bookmarks":{"s":{"tributary":7}}}'],
    ['{"bookmarks":{"s":"run-1:7"}}'],
  ])('confirms nothing as %s', (line) => {
    expect(readEcho(line, 'run-1')).toEqual({ kind: 'state', marks: new Map() });
  });

  it.each([[''], ['loaded 7 rows'], ['[1]'], ['7'], ['null'], ['{"bookmarks":'], ['"text"']])('is not %s', (line) => {
    expect(readEcho(line, 'run-1')).toEqual({ kind: 'text' });
  });

  it('never throws, whatever a target prints', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void readEcho(line, 'run-1')));
  });
});
