import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRunLog } from './run-log.ts';

const DAY_MS = 24 * 60 * 60_000;

let home: string;
let lost: string[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tributary-log-'));
  lost = [];
});
afterEach(() => rmSync(home, { recursive: true }));

const open = (runId: string) =>
  openRunLog({ home, runId, nowMs: Date.now(), onLost: (message) => void lost.push(message) });

test('keeps each line at once and removes logs of more than 60 days ago', () => {
  const old = open('old');
  old.write('long ago');
  const recent = open('recent');
  recent.write('one');
  recent.write('two');
  const daysAgo = (days: number): number => (Date.now() - days * DAY_MS) / 1000;
  utimesSync(old.path, daysAgo(61), daysAgo(61));
  utimesSync(recent.path, daysAgo(59), daysAgo(59));
  open('new');
  expect(readFileSync(recent.path, 'utf8')).toBe('one\ntwo\n');
  expect(() => readFileSync(old.path)).toThrow('ENOENT');
  expect(lost).toEqual([]);
});

test('a file that cannot be written is said once and stops nothing', () => {
  const log = open('run');
  mkdirSync(log.path);
  log.write('one');
  log.write('two');
  expect(lost).toEqual([expect.stringMatching(/^The log of the run ends here: EISDIR.*The run itself goes on$/)]);
});

test('a home that is no folder is refused', () => {
  writeFileSync(join(home, 'logs'), '');
  expect(() => open('run')).toThrow(expect.objectContaining({ code: 'CONFIG_UNWRITABLE' }));
});
