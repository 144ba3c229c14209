import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';
import { ERROR_CODES } from './error-codes.ts';
import { ERROR_POLICY } from './error-policy.ts';
import { messageOf, systemCodeOf, TributaryError, toTributaryError } from './errors.ts';
import { createLogger } from './logger.ts';
import { Secret } from './secret.ts';

describe('TributaryError', () => {
  test('takes kind and hint from its code unless the thrower knows better', () => {
    const plain = new TributaryError('DESTINATION_FULL', 'No space on /data');
    expect(plain).toMatchObject({ kind: 'transient', hint: ERROR_CODES.DESTINATION_FULL.fix });
    const sharper = new TributaryError('DESTINATION_FULL', 'No space on /data', { kind: 'user', hint: 'Mount a disk' });
    expect(sharper).toMatchObject({ kind: 'user', hint: 'Mount a disk' });
  });

  test('every code has a cause and a fix that are sentences, and a kind with a policy', () => {
    for (const [code, { kind, cause, fix }] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(cause, code).toMatch(/^[A-Z`].*\.$/);
      expect(fix, code).toMatch(/^[A-Z`].*\.$/);
      expect(ERROR_POLICY[kind], code).toBeDefined();
    }
  });

  test('aborts become CANCELLED and what nobody wrapped becomes BUG with its cause', () => {
    const abort = toTributaryError(AbortSignal.abort().reason);
    expect(abort).toMatchObject({ code: 'CANCELLED', kind: 'cancelled' });
    const cause = new TypeError('x is not a function');
    expect(toTributaryError(cause)).toMatchObject({ code: 'BUG', cause });
    expect(toTributaryError(abort)).toBe(abort);
  });

  test('reads messages and system codes of anything thrown', () => {
    expect(messageOf('text')).toBe('text');
    expect(systemCodeOf(Object.assign(new Error('full'), { code: 'ENOSPC' }))).toBe('ENOSPC');
    expect(systemCodeOf({ code: 'ENOSPC' })).toBeUndefined();
  });
});

describe('Secret', () => {
  test('cannot become text or JSON by accident, only on purpose', () => {
    const secret = new Secret('hunter2');
    expect(() => `${secret}`).toThrow(/secret/);
    expect(() => JSON.stringify({ secret })).toThrow(/secret/);
    expect(inspect({ secret })).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('createLogger', () => {
  test('writes `timestamp location - LEVEL message`, one line for each line of a message, from its level up', () => {
    const lines: string[] = [];
    const log = createLogger({
      location: 'main',
      level: 'INFO',
      now: () => Date.UTC(2017, 10, 17, 16, 44, 41, 159),
      write: (line) => lines.push(line),
    });
    log.debug('unseen');
    log.info('two\nlines');
    log.at('tap').warning('throttled');
    expect(lines).toEqual([
      '2017-11-17 16:44:41,159Z main - INFO two',
      '2017-11-17 16:44:41,159Z main - INFO lines',
      '2017-11-17 16:44:41,159Z tap - WARNING throttled',
    ]);
  });
});

describe('backoffMs', () => {
  test('doubles up to its maximum and is drawn evenly below it', () => {
    const backoff = { firstMs: 100, maxMs: 1000 };
    expect([0, 1, 2, 3, 4, 50].map((attempt) => backoffMs(attempt, backoff, () => 1))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
    expect(backoffMs(3, backoff, () => 0.25)).toBe(200);
  });
});
