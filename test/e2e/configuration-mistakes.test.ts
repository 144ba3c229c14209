import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openShop, orders, reference, type Shop, saidError } from './troubled-shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ destination: 'files', tables: ['orders', 'customers'] });
});
afterAll(() => shop[Symbol.asyncDispose]());
afterEach(() => shop.configure());

/** A file of which line 7 is the test's. */
function file(
  line: string,
  { secret = JSON.stringify(reference('SHOP_SECRET')), endpoint = shop.simulator.endpoint } = {},
): string {
  return `sources:
  shop:
    region: us-east-1
    endpoint: ${endpoint}
    destination: warehouse
    credentials: { access_key_id: SHOPKEY, secret_access_key: ${secret} }
${line}
destinations:
  warehouse: { type: files, path: ${shop.place} }
`;
}

const CORRECT_LINE = 'Correct the line and option that the message names; docs/reference/config.md lists all options.';

describe('a mistake in tributary.yaml is said with its line, and nothing is read or written', () => {
  const expectRefused = async (yaml: string, error: string, fix: string): Promise<void> => {
    await writeFile(shop.configPath, yaml);
    shop.simulator.requests.clear();
    const run = await shop.tributary('sync');
    expect({ exitCode: run.exitCode, stdout: run.stdout, stderr: run.stderr }).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error ${error.replaceAll('FILE', shop.configPath)}\n  Fix: ${fix}\n`,
    });
    expect(shop.simulator.requests.all()).toEqual([]);
    expect([existsSync(shop.place), existsSync(`${shop.folder}/home`)]).toEqual([false, false]);
  };

  test.each([
    [
      'an option that there is not',
      '    max_concurency: 4',
      'CONFIG_INVALID: FILE:7:5 sources.shop.max_concurency: unknown option "max_concurency" (did you mean "max_concurrency"?)',
      CORRECT_LINE,
    ],
    [
      'a value of the wrong type',
      '    max_concurrency: many',
      'CONFIG_INVALID: FILE:7:5 sources.shop.max_concurrency: expected a number',
      CORRECT_LINE,
    ],
    [
      'a list where a map belongs',
      '    tables: [orders]',
      'CONFIG_INVALID: FILE:7:5 sources.shop.tables: expected a map of names',
      CORRECT_LINE,
    ],
    [
      'a table without a name',
      '    tables: { "": { method: FULL_TABLE } }',
      'CONFIG_INVALID: FILE:7:15 sources.shop.tables.: a name must not be empty',
      CORRECT_LINE,
    ],
    [
      'a key that is there twice',
      '    region: eu-west-1',
      'CONFIG_SYNTAX: FILE:7:5 Map keys must be unique',
      'Correct the line that the message names.',
    ],
    [
      'a tab',
      '\ttables: {}',
      'CONFIG_SYNTAX: FILE:7:1 Tabs are not allowed as indentation',
      'Correct the line that the message names.',
    ],
    [
      'a brace that is not closed',
      '    tables: {orders:',
      'CONFIG_SYNTAX: FILE:7:21 Flow map in block collection must be sufficiently indented and end with a }',
      'Correct the line that the message names.',
    ],
  ])('%s', async (_, line, error, fix) => {
    await expectRefused(file(line), error, fix);
  });

  test('a variable that is not set', async () => {
    await expectRefused(
      file('', { secret: JSON.stringify(reference('NOT_SET')) }),
      'CONFIG_ENV_MISSING: FILE:6:44 sources.shop.credentials.secret_access_key: the environment variable NOT_SET is not set',
      'Set the variable in the environment of the command.',
    );
  });

  test('a secret that is written into the file, without repeating it', async () => {
    await expectRefused(
      file('', { secret: 'hunter2' }),
      'CONFIG_INVALID: FILE:6:44 sources.shop.credentials.secret_access_key: a secret does not belong into the file; ' +
        `write secret_access_key: ${reference('AWS_SECRET_ACCESS_KEY')} and set that variable`,
      CORRECT_LINE,
    );
  });

  test.each(['not a url', '127.0.0.1:8000', 'localhost', 'ftp://127.0.0.1'])(
    'an endpoint that is no URL: %s',
    async (endpoint) => {
      await expectRefused(
        file('', { endpoint: JSON.stringify(endpoint) }),
        'CONFIG_INVALID: FILE:4:5 sources.shop.endpoint: expected a URL such as http://127.0.0.1:8000',
        CORRECT_LINE,
      );
    },
  );

  test('several mistakes at once', async () => {
    await expectRefused(
      file('    tables: { orders: { method: FULL } }\n    read_capacity: 150%'),
      'CONFIG_INVALID: The configuration is not valid: 2 problems\n' +
        '  FILE:7:25 sources.shop.tables.orders.method: expected FULL_TABLE or LOG_BASED\n' +
        '  FILE:8:5 sources.shop.read_capacity: expected a share from "1%" to "100%", or a number of RCU per second above 0',
      CORRECT_LINE,
    );
  });
});

const NOT_VALID = 'The projection is not valid at character';

describe('a projection with a mistake', () => {
  test.each([
    {
      name: 'without the key',
      projection: 'note',
      error: `${NOT_VALID} 5: the key attribute "id" is missing\n  note\n      ^`,
      fix: 'Add id to the projection: rows are told apart by it',
    },
    {
      name: 'with double quotes',
      projection: 'id, "note"',
      error: `${NOT_VALID} 5: quotes are not allowed\n  id, "note"\n      ^`,
      fix: 'Write names without quotes; a name that needs them gets a placeholder such as #name',
    },
    {
      name: 'with a placeholder that is not defined',
      projection: 'id, #x',
      error: `${NOT_VALID} 5: the placeholder #x is not defined\n  id, #x\n      ^`,
      fix: `Define it: --attribute '#x=attribute-name', or in the file expression_attributes: { "#x": "attribute-name" }`,
    },
    {
      name: 'without a placeholder that is defined',
      projection: 'id, note',
      attributes: { '#x': 'number' },
      error: 'The projection does not use #x of the expression attributes',
      fix: 'Remove what is not used; DynamoDB refuses it',
    },
    {
      name: 'with a reserved word',
      projection: 'id, number',
      error: `${NOT_VALID} 5: "number" is a reserved word of DynamoDB\n  id, number\n      ^`,
      fix: `Write #number instead and define it: --attribute '#number=number', or in the file expression_attributes: { "#number": "number" }`,
    },
  ])(
    '$name is refused by select, and by sync where it was written by hand',
    async ({ projection, attributes, error, fix }) => {
      const before = await shop.configText();
      const names = Object.entries(attributes ?? {}).flatMap(([placeholder, name]) => [
        '--attribute',
        `${placeholder}=${name}`,
      ]);
      const select = await shop.tributary('select', 'orders', '--projection', projection, ...names);
      expect({ exitCode: select.exitCode, said: saidError(select) }).toEqual({
        exitCode: 2,
        said: `error PROJECTION_INVALID: orders: ${error}\n  Fix: ${fix}\n`,
      });
      expect(await readFile(shop.configPath, 'utf8')).toBe(before);

      const wrong = { method: 'FULL_TABLE', projection, ...(attributes && { expression_attributes: attributes }) };
      await shop.configure({ tables: { orders: wrong, customers: { method: 'FULL_TABLE' } } });
      shop.simulator.requests.clear();
      const sync = await shop.tributary('sync');
      expect(sync.exitCode).toBe(2);
      expect(sync.stdout).toContain(`orders PROJECTION_INVALID: ${error}\n  Fix: ${fix}\n`);
      expect(sync.stderr).toContain('error TABLES_FAILED: 1 of 2 tables of source shop not replicated');
      // The mark under the mistake ends its line in the log too.
      expect(sync.stderr).not.toContain('^.');
      expect(shop.simulator.requests.scans('orders')).toEqual([]);
      await shop.expectLive(orders(50), 'customers');

      await shop.configure();
      await shop.sync('--table', 'orders');
      await shop.expectLive(orders(50), 'orders');
      await shop.tributary('reset', '--table', 'orders', '--yes');
    },
  );
});
