import { expect, test } from 'vitest';
import { reactToGap } from './gap-reaction.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const HOUR_MS = 3_600_000;
const react = (changes: Partial<Parameters<typeof reactToGap>[0]>) =>
  reactToGap({
    policy: 'resync',
    state: { phase: 'following', lastResyncAtMs: null },
    gapCount: 0,
    waitsForStream: false,
    nowMs: NOW_MS,
    ...changes,
  });

test('a gap is answered by a resync, but only once in 24 hours without asking', () => {
  expect(react({})).toBe('resync');
  expect(react({ state: { phase: 'following', lastResyncAtMs: NOW_MS - 24 * HOUR_MS } })).toBe('resync');
  expect(react({ state: { phase: 'following', lastResyncAtMs: NOW_MS - 23 * HOUR_MS } })).toBe('waits');
});

test('under the policy fail a person decides', () => {
  expect(react({ policy: 'fail' })).toBe('waits');
  expect(react({ policy: 'fail', waitsForStream: true })).toBe('waits');
});

test('the third gap of one snapshot ends it, instead of reading for ever', () => {
  const state = { phase: 'snapshotting', lastResyncAtMs: null } as const;
  expect(react({ state, gapCount: 1 })).toBe('resync');
  expect(react({ state, gapCount: 2 })).toBe('failed');
  expect(react({ state: { ...state, phase: 'resyncing', lastResyncAtMs: NOW_MS }, gapCount: 1 })).toBe('resync');
});

test('a table that only waits for a stream is read again when there is one', () => {
  expect(react({ state: { phase: 'gap', lastResyncAtMs: NOW_MS }, waitsForStream: true })).toBe('resync');
  expect(react({ state: { phase: 'gap', lastResyncAtMs: null } })).toBe('waits');
});
