import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../platform/error-codes.ts';
import { TributaryError } from '../platform/errors.ts';
import { createManualClock } from '../simulator/manual-clock.ts';
import { createPatience } from './patience.ts';

const signal = new AbortController().signal;
const error = (code: ErrorCode): TributaryError => new TributaryError(code, 'The page did not come');

/** Fails with the codes for so many minutes each, one after the other; resolves to the error given up with, or null. */
async function failFor(...phases: readonly { readonly code: ErrorCode; readonly minutes: number }[]) {
  const clock = createManualClock(0);
  const said: string[] = [];
  const patience = createPatience({ clock, onWait: (message) => said.push(message), random: () => 1 });
  let untilMs = 0;
  for (const { code, minutes } of phases) {
    untilMs += minutes * 60_000;
    do {
      const waiting = patience.wait(error(code), signal);
      const outcome = await Promise.race([waiting.catch((thrown: unknown) => thrown), clock.sleepers(1)]);
      if (outcome !== undefined) return { code, said };
      clock.advance(20_000);
      await waiting;
    } while (clock.now() < untilMs);
  }
  return { code: null, said };
}

describe('createPatience', () => {
  test('waits out half an hour of throttling and five minutes of faults, and says so once each', async () => {
    expect(await failFor({ code: 'THROTTLED', minutes: 29 })).toMatchObject({ code: null });
    expect(await failFor({ code: 'THROTTLED', minutes: 31 })).toMatchObject({ code: 'THROTTLED' });
    expect(await failFor({ code: 'SOURCE_UNAVAILABLE', minutes: 4 })).toMatchObject({ code: null });
    const { code, said } = await failFor({ code: 'SOURCE_UNAVAILABLE', minutes: 6 });
    expect(code).toBe('SOURCE_UNAVAILABLE');
    expect(said).toEqual(['The page did not come; asking again for up to 5 minutes']);
  });

  test('a fault at the end of a long throttling is the first fault', async () => {
    const outcome = await failFor({ code: 'THROTTLED', minutes: 20 }, { code: 'ANSWER_CORRUPT', minutes: 4 });
    expect(outcome.code).toBeNull();
  });

  test('what a person has to mend is not waited for', async () => {
    const patience = createPatience({ clock: createManualClock(0), onWait: () => {} });
    await expect(patience.wait(error('ACCESS_DENIED'), signal)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await expect(patience.wait(new TypeError('x'), signal)).rejects.toThrow(TypeError);
  });
});
