import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { colorsFor, createOutput, type TextSink } from './output.ts';

function sink({ isTTY = false } = {}) {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  const stream: TextSink & EventEmitter = Object.assign(new EventEmitter(), { isTTY, write });
  return { stream, written };
}

test('aligns columns by what is seen, without lines and trailing spaces', () => {
  const { stream, written } = sink();
  const output = createOutput(stream, colorsFor({ ...stream, isTTY: true, on: stream.on }, {}));
  const { red } = output.colors;
  output.table(
    ['TABLE', 'ROWS'],
    [
      [red('orders'), '1'],
      ['東京', ''],
      ['x', '22'],
    ],
  );
  const plain = written.join('').replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '');
  expect(plain).toBe('TABLE   ROWS\norders  1\n東京\nx       22\n');
});

test('colours a terminal only, and not with NO_COLOR or on a dumb one', () => {
  const terminal = sink({ isTTY: true }).stream;
  expect(colorsFor(terminal, {}).isColorSupported).toBe(true);
  expect(colorsFor(terminal, { NO_COLOR: '1' }).isColorSupported).toBe(false);
  expect(colorsFor(terminal, { TERM: 'dumb' }).isColorSupported).toBe(false);
  expect(colorsFor(sink().stream, {}).isColorSupported).toBe(false);
});

test('says no more when its reader has left, and passes on other errors', () => {
  const { stream, written } = sink();
  const output = createOutput(stream, colorsFor(stream, {}));
  output.text('first');
  stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  output.text('second');
  expect(written).toEqual(['first\n']);
  expect(() => stream.emit('error', new Error('disk full'))).toThrow('disk full');
});

test('knows whether it has answered with JSON', () => {
  const { stream, written } = sink();
  const output = createOutput(stream, colorsFor(stream, {}));
  output.text('a line');
  expect(output.hasAnswered()).toBe(false);
  output.json({ itemCount: 1 });
  expect(output.hasAnswered()).toBe(true);
  expect(written.at(-1)).toBe('{"item_count":1}\n');
});
