import { describe, expect, test } from 'vitest';
import { judgeRefusal } from './refusal.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 5, 1);

type Facts = Parameters<typeof judgeRefusal>[0];
const judge = (
  facts: Partial<Omit<Facts, 'refusal'>> & { readonly secondsSince?: number; readonly hoursVerified?: number },
) => {
  const { secondsSince = 0, hoursVerified = 1, ...others } = facts;
  return judgeRefusal({
    ...{ code: 'STREAM_TRIMMED', isFirst: secondsSince === 0, isClosed: false, isListedSince: true },
    ...{ nowMs: 1_000_000, awsNowMs: NOW_MS, verifiedThroughMs: NOW_MS - hoursVerified * HOUR_MS },
    refusal: { sinceMs: 1_000_000 - secondsSince * 1_000, mark: 3 },
    ...others,
  });
};
const lost = (gap: string) => ({ kind: 'lost', gap });

describe('a shard that refuses to be read', () => {
  test.each(['STREAM_TRIMMED', 'STREAM_NOT_FOUND'] as const)(
    'is read from its oldest record at once when nothing can be trimmed: %s',
    (code) => {
      expect(judge({ code })).toEqual({ kind: 'again', delayMs: 0, fromHorizon: true });
    },
  );

  test('is asked again after half a minute', () => {
    expect(judge({ secondsSince: 10 })).toEqual({ kind: 'again', delayMs: 20_000, fromHorizon: true });
  });

  test('is empty then if it is closed, and lost if it is open', () => {
    expect(judge({ secondsSince: 30, isClosed: true })).toEqual({ kind: 'finished' });
    expect(judge({ secondsSince: 30 })).toEqual(lost('position-trimmed'));
    expect(judge({ secondsSince: 30, code: 'STREAM_NOT_FOUND' })).toEqual(lost('shard-lost'));
  });

  test('is not judged before a listing has succeeded', () => {
    const verdict = judge({ secondsSince: 300, isListedSince: false, code: 'STREAM_NOT_FOUND' });
    expect(verdict).toMatchObject({ kind: 'again' });
  });

  test('is lost at once when its position is trimmed after 23 hours', () => {
    expect(judge({ hoursVerified: 22.9 })).toMatchObject({ kind: 'again' });
    expect(judge({ hoursVerified: 23 })).toEqual(lost('position-trimmed'));
  });

  test('is asked twice whether it exists, also after 23 hours, where it stands', () => {
    const gone = { code: 'STREAM_NOT_FOUND', hoursVerified: 30 } as const;
    expect(judge(gone)).toEqual({ kind: 'again', delayMs: 30_000, fromHorizon: false });
    expect(judge({ ...gone, secondsSince: 30, isClosed: true })).toEqual(lost('shard-lost'));
  });
});
