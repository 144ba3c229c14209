import { describe, expect, test } from 'vitest';
import { recordsOfItems, replicaOf } from './replica.ts';
import { messagesOf, type TapRun } from './run-tap.ts';
import { outputOf } from './tap-output.ts';

/** What both taps write, one message a line. */
const SCHEMA = '{"type":"SCHEMA","stream":"t","schema":{"type":"object"},"key_properties":["id"]}';
const ACTIVATE = '{"type":"ACTIVATE_VERSION","stream":"t","version":7}';
const record = (text: string, version = 7): string =>
  `{"type":"RECORD","stream":"t","version":${version},"record":${text}}`;
const LINES = [
  SCHEMA,
  record('{"id":"a","n":1}'),
  record('{"id":"b","texts":["x","y"]}'),
  record('{"id":"c","n":1}'),
  record('{"id":"a","n":12345678901234567890.5}'),
  record('{"id":"c","_sdc_deleted_at":"2026-11-23T18:13:00.000000Z"}'),
  ACTIVATE,
];
const ITEMS = [
  { id: { S: 'a' }, n: { N: '12345678901234567890.5' } },
  { id: { S: 'b' }, texts: { SS: ['y', 'x'] } },
];

function runOf(lines: readonly string[]): TapRun {
  return { code: 0, stdout: `${lines.join('\n')}\n`, stderr: '' };
}

const replica = (lines: readonly string[]): readonly string[] => replicaOf(messagesOf(runOf(lines)), 't');
const expected = outputOf(runOf(LINES), 't');

describe('what compares taps and tables', () => {
  test('takes other spaces, orders of members and sets, and forms of numbers for equal', () => {
    const others = LINES.map((line) => line.replaceAll(',', ', ').replace('"x", "y"', '"y", "x"')).with(
      1,
      '{"stream":"t","type":"RECORD","record":{"n":1.0,"id":"a"},"version":7}',
    );
    expect(outputOf(runOf(others), 't')).toEqual(expected);
    expect(replica(others)).toEqual(recordsOfItems(ITEMS));
  });

  test.each([
    { planted: 'a loss', lines: LINES.toSpliced(4, 1) },
    { planted: 'a delete that is lost', lines: LINES.toSpliced(5, 1) },
    { planted: 'two records of one key in the wrong order', lines: [0, 4, 2, 3, 1, 5, 6].map((at) => LINES[at] ?? '') },
    { planted: 'a number that is rounded', lines: LINES.map((line) => line.replace('890.5', '890')) },
  ])('finds $planted', ({ lines }) => {
    expect(outputOf(runOf(lines), 't').records).not.toEqual(expected.records);
    expect(replica(lines)).not.toEqual(recordsOfItems(ITEMS));
  });

  test('finds a duplicate, which is no loss', () => {
    const lines = LINES.toSpliced(2, 0, LINES[2] ?? '');
    expect(outputOf(runOf(lines), 't').records).not.toEqual(expected.records);
    expect(replica(lines)).toEqual(recordsOfItems(ITEMS));
  });

  test('finds rows that another version has left, when nothing removes them', () => {
    const lines = LINES.toSpliced(1, 0, record('{"id":"old"}', 6));
    expect(outputOf(runOf(lines), 't').order).not.toEqual(expected.order);
    expect(replica(lines)).toEqual(recordsOfItems(ITEMS));
    expect(replica(lines.slice(0, -1))).not.toEqual(recordsOfItems(ITEMS));
  });
});
