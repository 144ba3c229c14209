import { expect, test } from 'vitest';
import { createLogger, prefixedLogger } from './logger.ts';

test('a log with a prefix says it before every message, wherever it speaks from', () => {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  const log = prefixedLogger(createLogger({ location: 'main', level: 'DEBUG', now: () => 0, write }), 'orders: ');
  log.debug('one');
  log.info('two');
  log.at('tap').warning('three');
  log.error('four');
  log.critical('five');
  expect(lines.map((line) => line.slice('1970-01-01 00:00:00,000Z '.length))).toEqual([
    'main - DEBUG orders: one',
    'main - INFO orders: two',
    'tap - WARNING orders: three',
    'main - ERROR orders: four',
    'main - CRITICAL orders: five',
  ]);
});

test('a log for what runs Singer taps has levels and messages only, line by line', () => {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  const log = createLogger({ format: 'singer', location: 'main', level: 'INFO', now: () => 0, write });
  log.debug('not wanted');
  log.info('Scanning orders');
  log.at('tap').critical('The catalog is not valid:\n  orders: no schema');
  expect(lines).toEqual(['INFO Scanning orders', 'CRITICAL The catalog is not valid:', 'CRITICAL   orders: no schema']);
});
