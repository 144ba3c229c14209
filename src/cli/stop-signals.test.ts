import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { stopSignal } from './stop-signals.ts';

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s aborts at first and ends the process with %d when it comes again', (name, code) => {
  const signals = new EventEmitter();
  const said: string[] = [];
  const exits: number[] = [];
  const signal = stopSignal({
    signals,
    message: 'Stopping at the next durable bookmark',
    say: (line) => said.push(line),
    exit: (exitCode) => exits.push(exitCode),
  });
  expect(signal.aborted).toBe(false);
  signals.emit(name);
  expect(signal.reason).toMatchObject({ code: 'CANCELLED' });
  expect(said).toEqual(['Stopping at the next durable bookmark; press Ctrl-C again to quit at once']);
  expect(exits).toEqual([]);
  signals.emit(name);
  expect(exits).toEqual([code]);
  expect(said).toHaveLength(1);
});
