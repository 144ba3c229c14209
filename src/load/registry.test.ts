import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import { silentLogger } from '../platform/logger.ts';
import { destinationTypes, openDestination } from './registry.ts';

const BASE_FOLDER = join(tmpdir(), 'tributary-registry-test');
/** Enough to open a destination of each type. */
const OPTIONS: Readonly<Record<string, Record<string, unknown>>> = {
  duckdb: { path: 'lake/here.duckdb' },
  files: { path: 'lake/here' },
  'singer-target': { command: 'target-jsonl' },
};
const surroundings = { clock: systemClock, logger: silentLogger };

function open(type: string, options: Record<string, unknown>) {
  const locate = (option: string | null) => `tributary.yaml:3 destinations.lake${option === null ? '' : `.${option}`}`;
  const folders = { baseFolder: BASE_FOLDER, homeFolder: join(BASE_FOLDER, 'home') };
  return openDestination({ name: 'lake', type, options, variableValues: [], ...folders, locate }, surroundings);
}

describe('opening a destination', () => {
  it.each(['duckdb', 'files'])('of type %s resolves its path from the folder of the configuration', async (type) => {
    const destination = await open(type, { path: 'lake/here' });
    const messages: string[] = [];
    for await (const { name } of destination.check({ signal: AbortSignal.timeout(5000) })) messages.push(name);
    expect(messages[0]).toContain(join(BASE_FOLDER, 'lake/here'));
    await destination.close();
  });

  it.each(['parquet', 'memory', 'constructor', ''])('refuses the type %j and lists those there are', async (type) => {
    const refusal = open(type, { path: 'x' });
    await expect(refusal).rejects.toBeInstanceOf(TributaryError);
    await expect(refusal).rejects.toMatchObject({
      code: 'DESTINATION_UNKNOWN',
      message: expect.stringContaining('destinations.lake.type'),
      hint: 'Use one of: duckdb, files, singer-target.',
    });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['an option that is missing', {}, ['destinations.lake: the option path is missing']],
    [
      'an unknown option',
      { path: 'x', pth: 'y' },
      ['destinations.lake.pth: a destination of type files has no such option'],
    ],
    ['a value of the wrong type', { path: 5 }, ['destinations.lake.path: Invalid input: expected string']],
    [
      'several at once',
      { camel_case: 1 },
      [': 2 problems\n  ', 'lake: the option path is missing', 'lake.camel_case: a destination'],
    ],
  ])('says where %s stands', async (_, options, parts) => {
    const error = await open('files', options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    for (const part of parts) expect(error).toMatchObject({ message: expect.stringContaining(part) });
  });
});

it('what is known of a type before it is opened is what it says itself', async () => {
  const types = await destinationTypes();
  expect(types.map(({ type }) => type)).toEqual(Object.keys(OPTIONS));
  for (const { type, capabilities } of types) {
    const destination = await open(type, OPTIONS[type] ?? {});
    expect(destination.capabilities).toEqual(capabilities);
    await destination.close();
  }
});
