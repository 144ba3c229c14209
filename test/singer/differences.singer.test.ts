import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runBoth } from './both-taps.ts';
import { difference } from './listed-differences.ts';
import { type LocalTables, startLocalTables } from './local-tables.ts';
import {
  LOCAL_CONFIG,
  LOCAL_KEYS,
  LOCAL_PORT,
  messagesOf,
  ourTap,
  pythonTap,
  REGION,
  runTap,
  type Tap,
  tapFlags,
} from './run-tap.ts';
import { catalogOf } from './tap-catalog.ts';
import { outputOf, statesOf } from './tap-output.ts';

/** More than fit into a pipe, and more than a page of the Python tap. */
const COUNT = 2_000;
const MANY = catalogOf([{ name: 'many', key: ['id'], method: 'FULL_TABLE' }]);
const LARGE = '9.9999999999999999999999999999999999999E+125';
const SMALL = '-1E-130';

let tables: LocalTables;
beforeAll(async () => {
  tables = await startLocalTables();
  await tables.create({ name: 'many', key: { id: 'S' } });
  await tables.put(
    'many',
    Array.from({ length: COUNT }, (_, number) => ({ id: { S: `id ${number}` } })),
  );
  await tables.create({ name: 'binary', key: { id: 'B' } });
  const bytes = (number: number): string => Buffer.from([255, number >> 8, number & 255]).toString('base64');
  await tables.put(
    'binary',
    Array.from({ length: COUNT }, (_, number) => ({ id: { B: bytes(number) } })),
  );
  await tables.create({ name: 'limits', key: { id: 'S' } });
  await tables.put('limits', [{ id: { S: 'x' }, large: { N: LARGE }, small: { N: SMALL } }]);
});
afterAll(() => tables.stop());

describe('listed differences', () => {
  test(difference('one SCHEMA'), async () => {
    const { python, ours } = await runBoth({ catalog: MANY });
    expect(outputOf(python, 'many').order.slice(0, 3)).toEqual(['SCHEMA', 'SCHEMA', 'ACTIVATE_VERSION 1']);
    expect(outputOf(ours, 'many').order.slice(0, 2)).toEqual(['SCHEMA', 'ACTIVATE_VERSION 1']);
  });

  test(difference('STATE before rows'), async () => {
    const { python, ours } = await runBoth({ catalog: MANY });
    const begin = (run: typeof ours): readonly string[] =>
      messagesOf(run).flatMap(({ type }, at) => (at < 4 ? [type] : []));
    expect(begin(python)).toEqual(['STATE', 'SCHEMA', 'STATE', 'SCHEMA']);
    expect(begin(ours)).toEqual(['SCHEMA', 'ACTIVATE_VERSION', 'STATE', 'RECORD']);
    // As it was given: it covers no row.
    expect(statesOf(ours)[0]?.bookmarks).toEqual({});
  });

  test(difference('numbers at the limits'), async () => {
    const { python, ours } = await runBoth({
      catalog: catalogOf([{ name: 'limits', key: ['id'], method: 'FULL_TABLE' }]),
    });
    expect(python).toMatchObject({ code: 1, stderr: expect.stringContaining('decimal.Rounded') });
    const [large, small] = [`${'9'.repeat(38)}${'0'.repeat(88)}`, `-0.${'0'.repeat(129)}1`];
    expect(outputOf(ours, 'limits').records).toEqual([`{"id":"x","large":${large},"small":${small}}`]);
  });

  test(difference('binary keys'), async () => {
    const catalog = catalogOf([{ name: 'binary', key: ['id'], method: 'FULL_TABLE' }]);
    const { python, ours } = await runBoth({ catalog });
    expect(python).toMatchObject({ code: 1, stderr: expect.stringContaining('UnicodeDecodeError') });
    expect(new Set(outputOf(ours, 'binary').records).size).toBe(COUNT);
  });

  test(difference('unknown replication method'), async () => {
    const { python, ours } = await runBoth({
      catalog: catalogOf([{ name: 'many', key: ['id'], method: 'INCREMENTAL' }]),
    });
    expect(python.code).toBe(0);
    expect(outputOf(python, 'many').records).toEqual([]);
    expect(python.stdout).toContain('success_timestamp');
    expect(ours).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/many.*replication-method/) });
  });

  test(difference('text "false"'), async () => {
    const python = await runTap(pythonTap(), {
      config: { ...LOCAL_CONFIG, use_local_dynamo: 'false' },
      flags: ['--discover'],
    });
    expect(python).toMatchObject({ code: 0, stdout: expect.stringContaining('"many"') });
    // With AWS all keys of a role are asked for.
    const configOf = (text: string): object => ({
      region_name: REGION,
      account_id: '123456789012',
      use_local_dynamo: text,
    });
    const ours = await runTap(ourTap(), { config: configOf('false'), flags: ['--discover'] });
    expect(ours).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('role_name') });
    expect(await runTap(ourTap(), { config: configOf('true'), flags: ['--discover'] })).toMatchObject({ code: 0 });
  });

  test(difference('keys of roles'), async () => {
    const local = await runBoth({ config: { region_name: REGION, use_local_dynamo: true }, flags: ['--discover'] });
    const missing = "missing required keys: ['account_id', 'external_id', 'role_name']";
    expect(local.python).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(missing) });
    expect(local.ours).toMatchObject({ code: 0, stdout: expect.stringContaining('"many"') });
    const { ours } = await runBoth({ config: { region_name: REGION, role_name: 'reader' }, flags: ['--discover'] });
    const named = 'missing required keys: account_id, external_id';
    expect(ours).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(named) });
  });

  test(difference('no role'), async () => {
    // In place of AWS.
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://localhost:${LOCAL_PORT}`);
    const { python, ours } = await runBoth({ config: { region_name: REGION }, flags: ['--discover'] });
    vi.unstubAllEnvs();
    expect(python).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('missing required keys') });
    expect(ours, ours.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('"many"') });
  });

  test(difference('closed pipe'), async () => {
    expect(await runUntilClosed(pythonTap())).toMatchObject({ code: 1, stderr: expect.stringContaining('Traceback') });
    const ours = await runUntilClosed(ourTap());
    expect(ours.code).toBe(5);
    expect(ours.stderr.match(/CRITICAL/g)).toHaveLength(1);
    expect(ours.stderr).toMatch(/OUTPUT_CLOSED/);
  });

  test(difference('catalog under --properties'), async () => {
    const runs = { python: await runProperties(pythonTap()), ours: await runProperties(ourTap()) };
    expect(runs.python).toMatchObject({ code: 0, stdout: '' });
    expect(outputOf(runs.ours, 'many').records).toHaveLength(COUNT);
  });
});

function runProperties(tap: Tap) {
  return runTap(tap, { properties: MANY });
}

/** Runs a tap whose reader goes away after the first messages. */
async function runUntilClosed(tap: Tap): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-tap-'));
  const child = spawn(tap.command, [...tap.args, ...tapFlags(folder, { catalog: MANY })], {
    env: { ...process.env, ...LOCAL_KEYS },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  rmSync(folder, { recursive: true });
  return { code, stderr };
}
