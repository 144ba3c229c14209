import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createConfigFile, editSelection, type SelectionEdit, writeConfigFile } from './edit.ts';
import { parseConfig } from './load-config.ts';
import { starterConfig } from './starter.ts';
import { defaultTable } from './table-defaults.ts';
import type { TableConfig } from './tributary-config.ts';

const FILE = `# our shop
sources:
    shop: # the only one
        region: 'eu-central-1'   # Frankfurt

        destination: warehouse
        tables:
            # big
            orders: { method: FULL_TABLE } # nightly
            customers:
                method: FULL_TABLE
                # only what we need
                projection: "id, #n"
                expression_attributes:
                    "#n": name
            2024: { method: FULL_TABLE }

# where it goes
destinations:
    warehouse: { type: duckdb, path: ./w.duckdb }
`;

function table(name: string, settings: Partial<TableConfig> = {}): TableConfig {
  return { ...defaultTable(name, 'FULL_TABLE'), ...settings };
}

function edited(yaml: string, change: Partial<SelectionEdit>): string {
  return editSelection(yaml, { source: 'shop', select: [], remove: [], patterns: null, ...change });
}

/** Lines that only one of both has, as a diff would show them. */
function difference(before: string, after: string): string[] {
  const old = before.split('\n');
  const now = after.split('\n');
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line.trimEnd()}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line.trimEnd()}`),
  ];
}

function shopOf(yaml: string) {
  return parseConfig(yaml, { path: 'tributary.yaml', home: '/h', environment: {} }).sources.get('shop');
}

describe('editing the selection', () => {
  test('adds a table in one line and leaves every other line, comment and indentation as it was', () => {
    const after = edited(FILE, { select: [table('events')] });
    expect(difference(FILE, after)).toEqual(['+            events: { method: FULL_TABLE }']);
  });

  test('changes only the settings that differ', () => {
    const after = edited(FILE, {
      select: [table('customers', { projection: 'id', consistentRead: true }), table('orders')],
    });
    expect(after).toContain('# only what we need\n');
    expect(after).toContain('orders: { method: FULL_TABLE } # nightly');
    expect(after).not.toContain('expression_attributes');
    expect(shopOf(after)?.tables.get('customers')).toEqual(
      table('customers', { projection: 'id', consistentRead: true }),
    );
  });

  test('removes a table, also one whose name YAML reads as a number', () => {
    const after = edited(FILE, { remove: ['2024', 'customers', 'never-selected'] });
    expect([...(shopOf(after)?.tables.keys() ?? [])]).toEqual(['orders']);
    expect(after).toContain('# where it goes');
  });

  test('changes a table whose name YAML reads as a number in its place', () => {
    const after = edited(FILE, { select: [table('2024', { consistentRead: true })] });
    expect(shopOf(after)?.tables.get('2024')?.consistentRead).toBe(true);
    expect(shopOf(after)?.tables.size).toBe(3);
  });

  test('begins a selection where there is none yet', () => {
    const starter = starterConfig({ source: 'shop', region: 'eu-central-1', endpoint: null, schemaPath: null });
    const after = edited(starter, { select: [table('orders'), table('customers')] });
    expect(difference(starter, after)).toEqual([
      '-    tables: {}',
      '+    tables:',
      '+      orders: { method: FULL_TABLE }',
      '+      customers: { method: FULL_TABLE }',
    ]);
    const bare = FILE.replace(/ {8}tables:[\s\S]*?\n\n/, '\n');
    expect([...(shopOf(edited(bare, { select: [table('orders')] }))?.tables.keys() ?? [])]).toEqual(['orders']);
  });

  test('writes what differs from the defaults, and takes it out again', () => {
    const hard = { method: 'LOG_BASED', deletes: 'hard', ttlDeletes: 'ignore', onGap: 'fail' } as const;
    const following = edited(FILE, { select: [table('customers', { ...hard, projection: 'id' })] });
    expect(following).toContain('method: LOG_BASED\n');
    expect(following).toContain('deletes: hard\n');
    expect(following).toContain('# only what we need');
    expect(shopOf(following)?.tables.get('customers')).toMatchObject(hard);
    const back = edited(following, { select: [table('customers', { projection: 'id' })] });
    expect(back).not.toMatch(/deletes|on_gap/);
  });

  test('adds and removes name patterns', () => {
    const one = edited(FILE, { patterns: ['orders-*'] });
    expect(difference(FILE, one)).toEqual(['+        select_new_tables: [ orders-* ]']);
    const two = edited(one, { patterns: ['orders-*', '*-eu'] });
    expect(shopOf(two)?.selectNewTables).toEqual(['orders-*', '*-eu']);
    expect(edited(two, { patterns: [] })).toBe(FILE);
  });
});

describe('any layout', () => {
  const LAYOUTS: readonly string[] = [
    FILE,
    FILE.trimEnd(),
    starterConfig({ source: 'shop', region: 'r', endpoint: null, schemaPath: null }),
    'sources: { shop: { region: r, destination: d, tables: { orders: { method: FULL_TABLE } } } }\ndestinations: { d: { type: x } }',
    'sources:\n  shop: {region: r, destination: d}\ndestinations: {d: {type: x}}\n',
    'destinations:\n  d: { type: x }\nsources:\n  shop:\n    select_new_tables:\n    - a*\n    - b*\n    tables:\n      orders:\n        method: FULL_TABLE\n        projection: |\n          id,\n          total\n      last:\n        method: "FULL_TABLE"\n\n    # after\n    region: r\n    destination: d # end',
    'sources:\r\n  shop:\r\n    region: r\r\n    destination: d\r\n    tables:\r\n      orders: { method: FULL_TABLE }\r\ndestinations:\r\n  d: { type: x }\r\n',
  ];
  const names = ['orders', 'customers', '2024', 'last', 'a/b', 'true', 'x-1'];
  const common = {
    projection: fc.constantFrom(null, 'id', 'id, #n', 'a: b # c'),
    expressionAttributes: fc.constantFrom(
      {},
      { '#n': 'name' },
      { '#a': ' x: y', '#b': '#', '#c': '$'.concat('{HOME}') },
    ),
    consistentRead: fc.boolean(),
    stripGlobalTableAttributes: fc.boolean(),
  };
  const settings: fc.Arbitrary<Partial<TableConfig>> = fc.oneof(
    fc.record({ method: fc.constant('FULL_TABLE' as const), ...common }),
    fc.record({
      method: fc.constant('LOG_BASED' as const),
      ...common,
      deletes: fc.constantFrom('soft' as const, 'hard' as const),
      keepLastImage: fc.boolean(),
      ttlDeletes: fc.constantFrom('replicate' as const, 'ignore' as const, 'flag' as const),
      onGap: fc.constantFrom('resync' as const, 'fail' as const),
    }),
  );

  test('holds exactly the wanted selection after any sequence of edits', () => {
    const edits = fc.array(
      fc.record({
        select: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), settings), {
          selector: ([name]) => name,
          maxLength: 4,
        }),
        remove: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }),
        patterns: fc.constantFrom(null, [], ['a*'], ['*', 'b: c']),
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...LAYOUTS), edits, (layout, steps) => {
        let yaml = layout;
        const wanted = new Map(shopOf(yaml)?.tables);
        let patterns = shopOf(yaml)?.selectNewTables;
        for (const step of steps) {
          const selected = step.select.map(([name, how]) => table(name, how));
          const remove = step.remove.filter((name) => !selected.some((one) => one.table === name));
          yaml = edited(yaml, { select: selected, remove, patterns: step.patterns });
          for (const one of selected) wanted.set(one.table, one);
          for (const name of remove) wanted.delete(name);
          patterns = step.patterns ?? patterns;
        }
        const { tables, selectNewTables, connection } = shopOf(yaml) ?? {};
        expect(Object.fromEntries(tables ?? [])).toEqual(Object.fromEntries(wanted));
        expect(selectNewTables).toEqual(patterns);
        expect(connection).toEqual(shopOf(layout)?.connection);
        for (const comment of layout.match(/^ *# .*$/gm) ?? []) {
          if (!comment.includes('only what we need') && !comment.includes('# big'))
            expect(yaml).toContain(comment.trim());
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('writing the file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-edit-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test('replaces the target of a symbolic link, keeps its mode, and leaves nothing beside it', async () => {
    await writeFile(join(folder, 'real.yaml'), 'old', { mode: 0o600 });
    await symlink('real.yaml', join(folder, 'link.yaml'));
    await writeConfigFile(join(folder, 'link.yaml'), 'new');
    expect(await readFile(join(folder, 'real.yaml'), 'utf8')).toBe('new');
    expect((await lstat(join(folder, 'link.yaml'))).isSymbolicLink()).toBe(true);
    expect((await lstat(join(folder, 'real.yaml'))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['link.yaml', 'real.yaml']);
  });

  test('does not overwrite a file when it creates one', async () => {
    const path = join(folder, 'tributary.yaml');
    await createConfigFile(path, 'first');
    await expect(createConfigFile(path, 'second')).rejects.toMatchObject({ code: 'CONFIG_EXISTS' });
    expect(await readFile(path, 'utf8')).toBe('first');
  });

  test('says that a folder is missing', async () => {
    await expect(createConfigFile(join(folder, 'no/such/file.yaml'), '')).rejects.toMatchObject({
      code: 'CONFIG_UNWRITABLE',
      message: `${join(folder, 'no/such/file.yaml')} could not be written: there is no folder ${join(folder, 'no/such')}`,
    });
  });
});

test('the starter file is valid, whatever the names are', () => {
  const options = { path: 'tributary.yaml', home: '/h', environment: {} };
  const yaml = starterConfig({
    source: '2024: #x',
    region: 'eu-central-1',
    endpoint: 'http://127.0.0.1:8000',
    schemaPath: 'node_modules/t/schema.json',
  });
  const source = parseConfig(yaml, options).sources.get('2024: #x');
  expect(source?.connection.endpoint).toBe('http://127.0.0.1:8000');
  expect(source?.tables.size).toBe(0);
});
