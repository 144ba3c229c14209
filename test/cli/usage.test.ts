import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jsonLines, runCli } from './run-cli.ts';

const VERBS = 'init check iam discover select sync status gaps reset state compact demo'.split(' ');
const STATE_VERBS = ['show', 'export', 'import', 'edit', 'rewind'];

/** Global options that a verb has no use for. */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  init: ['--table'],
  compact: ['--source', '--table'],
  demo: ['--config', '--source', '--table'],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-usage-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('help', () => {
  test('names every verb', async () => {
    const { exitCode, stdout } = await runCli(['--help']);
    expect(exitCode).toBe(0);
    for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^  ${verb} .*\\w`, 'm'));
  });

  test('names the tap, which has a command line of its own', async () => {
    expect((await runCli(['--help'])).stdout).toMatch(/^ {2}tap .*Singer/m);
    const { exitCode, stderr } = await runCli(['--config', 'c.json', 'tap', '--discover']);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/behind it: tributary tap --config FILE --discover/)]);
  });

  test.each(VERBS)('of %s has a description, the global options and examples', async (verb) => {
    const { exitCode, stdout, stderr } = await runCli([verb, '--help']);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: tributary ${verb}`));
    expect(stdout).toMatch(new RegExp(`\nExamples:\n  \\$ tributary ${verb}`));
    const flags = ['--config', '--home', '--source', '--table', '--json', '--log-level'];
    const unused = UNUSED[verb] ?? [];
    expect(flags.filter((flag) => !stdout.includes(`  ${flag} `.trimEnd()))).toEqual(unused);
  });

  test.each(Object.entries(UNUSED).flatMap(([verb, flags]) => flags.map((flag) => [verb, flag])))(
    'of %s leaves %s out, which it refuses',
    async (verb, flag) => {
      const { exitCode, stderr } = await runCli([verb, flag, 'x']);
      expect([exitCode, stderr]).toEqual([2, `error USAGE: ${verb} has no use for ${flag}\n  Fix: Leave it out\n`]);
    },
  );

  test.each(STATE_VERBS)('of state %s has a description and examples', async (verb) => {
    const { exitCode, stdout } = await runCli(['state', verb, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: tributary state ${verb}`));
    expect(stdout).toMatch(new RegExp(`\nExamples:\n  \\$ tributary state ${verb}`));
  });

  test('comes where no command is named', async () => {
    const { exitCode, stderr } = await runCli([]);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/^Usage: tributary /)]);
  });
});

describe('a command line with a mistake', () => {
  test.each([
    [['snyc'], "unknown command 'snyc'", 'Did you mean sync?'],
    [['sync', '--dry-rnu'], "unknown option '--dry-rnu'", 'Did you mean --dry-run?'],
    [['select', 'orders', '--method', 'FULL'], "argument 'FULL' is invalid", 'Write FULL_TABLE'],
    [['compact', 'a', 'b'], 'too many arguments', '--help'],
    [['--config'], "option '--config <file>' argument missing", '--help'],
  ])('%j exits with 2 and says what was meant', async (argv, problem, fix) => {
    const { exitCode, stdout, stderr } = await runCli(argv);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('error USAGE: ');
    expect(stderr).toContain(problem);
    expect(stderr).toContain(fix);
  });

  test('gets no guess that only looks like it', async () => {
    const { stderr } = await runCli(['sync', '--nope']);
    expect(stderr).toBe(
      "error USAGE: unknown option '--nope'\n  Fix: Run the command with --help and compare with the examples.\n",
    );
  });

  test('is a JSON document on stdout with --json', async () => {
    const { exitCode, stdout } = await runCli(['sync', '--nope', '--json']);
    expect(exitCode).toBe(2);
    expect(jsonLines(stdout)).toEqual([
      { error: expect.objectContaining({ code: 'USAGE', kind: 'user', message: "unknown option '--nope'" }) },
    ]);
  });
});

describe('configuration', () => {
  const config = (): string => join(folder, 'tributary.yaml');

  test('is written by init, once, and found by its variable', async () => {
    const environment = { TRIBUTARY_CONFIG: config(), AWS_REGION: 'eu-west-1' };
    const written = await runCli(['init', '--source', 'shop'], { environment });
    expect([written.exitCode, written.stderr]).toEqual([0, '']);
    const text = await readFile(config(), 'utf8');
    expect(text).toContain('  shop:\n    region: eu-west-1\n');
    // The schema is not below the folder, where the line would lead nowhere on other machines.
    expect(text).not.toContain('$schema');
    const again = await runCli(['init'], { environment });
    expect([again.exitCode, again.stderr]).toEqual([2, expect.stringContaining('error CONFIG_EXISTS: ')]);
  });

  test('that is missing is said with what to do', async () => {
    const { exitCode, stderr } = await runCli(['sync', '--config', config()]);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      `error CONFIG_NOT_FOUND: The configuration ${config()} could not be loaded: there is no such file\n` +
        '  Fix: Run `tributary init`, or name the file with --config.\n',
    );
  });

  test('is not written with an endpoint that is no URL', async () => {
    const noUrl = await runCli(['init', '--endpoint', '127.0.0.1:8000', '--config', join(folder, 'new.yaml')]);
    expect([noUrl.exitCode, noUrl.stderr]).toEqual([2, expect.stringContaining('Fix: Write http://127.0.0.1:8000')]);
  });

  test('that would be in a folder that there is not, or is a folder, is said so', async () => {
    const missing = await runCli(['init', '--config', join(folder, 'no/x.yaml')]);
    expect([missing.exitCode, missing.stderr]).toEqual([
      2,
      `error CONFIG_UNWRITABLE: ${folder}/no/x.yaml could not be written: there is no folder ${folder}/no\n` +
        '  Fix: Make the folder first, or name a file in another one with --config\n',
    ]);
    const isFolder = await runCli(['sync', '--config', folder]);
    expect([isFolder.exitCode, isFolder.stderr]).toEqual([
      2,
      `error CONFIG_NOT_FOUND: The configuration ${folder} could not be loaded: it is a folder\n` +
        `  Fix: Name the file in it, for example --config ${folder}/tributary.yaml\n`,
    ]);
  });

  test('that is wrong is said with file, line, column, option and fix', async () => {
    await writeFile(config(), 'sources:\n  shop:\n    region: eu-west-1\n    destnation: warehouse\n');
    const { exitCode, stderr, stdout } = await runCli(['sync', '--config', config(), '--json']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      `${config()}:4:5 sources.shop.destnation: unknown option "destnation" (did you mean "destination"?)`,
    );
    expect(jsonLines(stdout)).toMatchObject([{ error: { code: 'CONFIG_INVALID', context: { problems: 2 } } }]);
  });

  test.each<[string, string, string]>([
    [
      'parquet',
      'error DESTINATION_UNKNOWN: ',
      ':6:9 destinations.warehouse.type: there is no destination type "parquet"',
    ],
    ['files, pth: x', 'error CONFIG_INVALID: ', ':6:22 destinations.warehouse.pth: '],
  ])('of a destination (%s) is judged by its type, with the line', async (type, code, place) => {
    await writeFile(
      config(),
      `sources:\n  shop: { region: eu-west-1, destination: warehouse }\n  other: { region: eu-west-1, destination: warehouse }\n` +
        `destinations:\n  warehouse:\n      { type: ${type} }\n`,
    );
    const { exitCode, stderr } = await runCli(['status', '--config', config()]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(code);
    expect(stderr).toContain(`${config()}${place}`);
  });

  test('with several sources asks for one, and knows a misspelled one', async () => {
    await writeFile(
      config(),
      'sources:\n  shop: { region: r, destination: d }\n  bank: { region: r, destination: d }\n' +
        'destinations:\n  d: { type: duckdb, path: x }\n',
    );
    const several = await runCli(['discover', '--config', config()]);
    expect([several.exitCode, several.stderr]).toEqual([
      2,
      expect.stringContaining('Name one with --source: shop, bank'),
    ]);
    const unknown = await runCli(['discover', '--config', config(), '--source', 'shpo']);
    expect(unknown.stderr).toContain('Did you mean shop?');
  });
});

test('select and reset refuse what they cannot do safely', async () => {
  expect((await runCli(['select'])).stderr).toContain('select needs a table or a --pattern');
  const method = await runCli(['select', 'orders', '--method', 'incremental']);
  expect([method.exitCode, method.stderr]).toEqual([2, expect.stringContaining('Write FULL_TABLE or LOG_BASED')]);
  expect((await runCli(['iam', '--method', 'LOG_BASED'])).stderr).toContain('--method is for tables that are named');
  expect((await runCli(['reset'])).stderr).toContain('A reset is for tables named with --table, or for --all');
  expect((await runCli(['reset', '--all', '--table', 'x'])).exitCode).toBe(2);
});
