import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { orAbort } from './abort.ts';

describe('orAbort', () => {
  test('gives the outcome of the work and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    expect(await orAbort(Promise.resolve(1), signal)).toBe(1);
    await expect(orAbort(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    await Promise.resolve();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('leaves work that does not end when the signal comes, before or while waiting', async () => {
    const controller = new AbortController();
    const waiting = orAbort(new Promise(() => {}), controller.signal);
    controller.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(orAbort(new Promise(() => {}), controller.signal)).rejects.toThrow('stopped');
  });
});
