import { expect, test } from 'vitest';
import { helpText, parseCommandLine } from './command-line.ts';

const parse = (line: string) => parseCommandLine(line.split(' '));

test('takes the flags of the Python tap, long and short', () => {
  const sync = { kind: 'sync', config: 'c', catalog: 'k', state: 's' };
  expect(parse('--config c --catalog k --state s')).toEqual(sync);
  expect(parse('-c c --catalog=k -s s')).toEqual(sync);
  expect(parse('-c c -p k -s s')).toEqual(sync);
  expect(parse('-c c --properties p --catalog k')).toEqual({ ...sync, state: null });
  expect(parse('-c c --discover')).toEqual({ kind: 'discover', config: 'c' });
  expect(parse('-d -c c --catalog k --state s')).toEqual({ kind: 'discover', config: 'c' });
  expect(parse('--help')).toEqual({ kind: 'help' });
  expect(parse('-c c --version')).toEqual({ kind: 'version' });
});

test.each([
  ['', '--config FILE is missing'],
  ['--catalog k', '--config FILE is missing'],
  ['--config c', 'nothing to do: --discover or --catalog FILE is missing'],
  ['--config', "Option '-c, --config <value>' argument missing"],
  ['-c c --discvoer', "Unknown option '--discvoer'"],
  ['-c c -d orders', "Unexpected argument 'orders'"],
])('"%s" is no command', (line, reason) => {
  expect(parseCommandLine(line === '' ? [] : line.split(' '))).toEqual({
    kind: 'wrong',
    reason: expect.stringContaining(reason),
  });
});

test('the help fits a terminal and names every flag', () => {
  const help = helpText('tap-dynamodb');
  for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  for (const flag of ['config', 'discover', 'catalog', 'properties', 'state', 'version', 'help']) {
    expect(help).toContain(`--${flag}`);
  }
});
