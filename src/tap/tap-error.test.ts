import { describe, expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../platform/error-codes.ts';
import { TributaryError } from '../platform/errors.ts';
import { waitingGap } from '../replication/gap-answer.ts';
import { tapError } from './tap-error.ts';

const hintOf = (error: TributaryError): string => tapError(error, 'orders').hint;

describe('the hint of an error of the tap', () => {
  /** What a tap never meets, because it has no such thing. */
  const elsewhere: ReadonlySet<string> = new Set<ErrorCode>([
    ...(['CONFIG_NOT_FOUND', 'CONFIG_EXISTS', 'NOTHING_SELECTED', 'CHECK_FAILED', 'INDEX_NOT_FOUND'] as const),
    'TABLES_FAILED',
  ]);
  const names: [ErrorCode][] = [];
  for (const code in ERROR_CODES) if (isCode(code) && !elsewhere.has(code)) names.push([code]);

  test.each(names)('names no verb of `tributary` for %s', (code) => {
    expect(hintOf(new TributaryError(code, 'It has failed'))).not.toMatch(/tributary [a-z]/);
  });

  test('names the bookmark of a table that waits for a person', () => {
    expect(hintOf(waitingGap('orders', 'Changes were lost'))).toBe(
      'Take bookmarks.orders out of the state: the next run reads the table again',
    );
  });

  test('says what a table that waits for a stream needs', () => {
    const hint = 'Enable a stream with new images; `tributary check` has the command';
    expect(hintOf(new TributaryError('GAP_WAITS', 'It has none', { hint }))).toMatch(/^Enable a stream .*run again/);
  });

  test('says where the catalog defines a placeholder', () => {
    const hint = 'Define it: --attribute \'#n=name\', or in the file expression_attributes: { "#n": "name" }';
    expect(hintOf(new TributaryError('PROJECTION_INVALID', 'It is wrong', { hint }))).toBe(
      'Define it: in tap-dynamodb.expression-attributes { "#n": "name" }',
    );
  });

  test('stays as it is where it says nothing of `tributary`', () => {
    const error = new TributaryError('ACCESS_DENIED', 'Denied', { hint: 'Remove the explicit deny' });
    expect(tapError(error, 'orders')).toBe(error);
  });
});

test('code, kind and cause of an error stay', () => {
  const cause = new Error('the answer');
  const error = tapError(new TributaryError('ACCESS_DENIED', 'Denied', { kind: 'user', cause }), 'orders');
  expect(error).toMatchObject({ code: 'ACCESS_DENIED', kind: 'user', message: 'Denied', cause });
});

function isCode(code: string): code is ErrorCode {
  return code in ERROR_CODES;
}
