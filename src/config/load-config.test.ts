import { describe, expect, test } from 'vitest';
import { TributaryError } from '../platform/errors.ts';
import { loadConfig, parseConfig } from './load-config.ts';
import type { SourceConfig } from './tributary-config.ts';

/** References to variables, as the file has them. */
const SECRET_REFERENCE = '$'.concat('{SECRET}');
const UNSET_REFERENCE = '$'.concat('{NOPE}');
const DESTINATIONS = 'destinations:\n  warehouse: { type: duckdb, path: ./w.duckdb }\n';

function parse(yaml: string, environment: Record<string, string> = {}) {
  return parseConfig(yaml, { path: 'tributary.yaml', home: '/home/t', environment });
}

function refusal(yaml: string, environment: Record<string, string> = {}): TributaryError {
  try {
    parse(yaml, environment);
  } catch (error) {
    if (error instanceof TributaryError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** One source `shop` with these lines (indented by four) besides region and destination. */
function withSource(...lines: string[]): string {
  const own = ['region: eu-central-1', 'destination: warehouse', ...lines].map((line) => `    ${line}`);
  return `sources:\n  shop:\n${own.join('\n')}\n${DESTINATIONS}`;
}

function shop(...lines: string[]): SourceConfig {
  const source = parse(withSource(...lines), { SECRET: 's3cret' }).sources.get('shop');
  if (!source) throw new Error('no source shop');
  return source;
}

describe('a valid file', () => {
  test('gets a value for everything that is not written', () => {
    expect(shop()).toEqual({
      name: 'shop',
      connection: {
        source: 'shop',
        region: 'eu-central-1',
        endpoint: null,
        stsEndpoint: null,
        credentials: { kind: 'chain' },
        roles: [],
        requestTimeoutMs: 300_000,
        maxConnections: 16,
      },
      accountId: null,
      destination: 'warehouse',
      readCapacity: null,
      maxConcurrency: 16,
      flushIntervalMs: 1_000,
      pricePerMillionReadsUsd: null,
      selectNewTables: [],
      tables: new Map(),
    });
  });

  test('names tables and views with their options', () => {
    const { tables } = shop(
      'tables:',
      '  orders: { method: FULL_TABLE, projection: " id, #n ", expression_attributes: { "#n": name } }',
      '  orders/by-customer: { method: FULL_TABLE, projection: "", consistent_read: false }',
      '  2024: { method: LOG_BASED, consistent_read: true }',
    );
    expect([...tables.keys()]).toEqual(expect.arrayContaining(['orders', 'orders/by-customer', '2024']));
    expect(tables.get('orders')).toEqual({
      table: 'orders',
      method: 'FULL_TABLE',
      projection: 'id, #n',
      expressionAttributes: { '#n': 'name' },
      consistentRead: false,
      stripGlobalTableAttributes: false,
      deletes: 'soft',
      keepLastImage: false,
      ttlDeletes: 'replicate',
      onGap: 'resync',
    });
    expect(tables.get('orders/by-customer')?.projection).toBeNull();
    expect(tables.get('2024')).toMatchObject({ method: 'LOG_BASED', consistentRead: true });
  });

  test('says of a table that follows its stream what deletes and gaps do', () => {
    const { tables } = shop(
      'tables:',
      '  orders: { method: LOG_BASED, deletes: hard, ttl_deletes: ignore, on_gap: fail, strip_global_table_attributes: true }',
      '  carts: { method: LOG_BASED, deletes: soft, keep_last_image: true, ttl_deletes: flag, on_gap: resync }',
    );
    expect(tables.get('orders')).toMatchObject({
      deletes: 'hard',
      keepLastImage: false,
      ttlDeletes: 'ignore',
      onGap: 'fail',
      stripGlobalTableAttributes: true,
    });
    expect(tables.get('carts')).toMatchObject({
      deletes: 'soft',
      keepLastImage: true,
      ttlDeletes: 'flag',
      onGap: 'resync',
      stripGlobalTableAttributes: false,
    });
  });

  test.each([
    ['100ms', 100],
    ['500ms', 500],
    ['2', 2_000],
    ['5m', 300_000],
  ])('reads flush_interval %s as %d ms', (written, ms) => {
    expect(shop(`flush_interval: ${written}`).flushIntervalMs).toBe(ms);
  });

  test.each([
    ['300s', 300_000],
    ['1.5m', 90_000],
    ['45', 45_000],
    [45, 45_000],
    ['0', 300_000],
    ['""', 300_000],
    ['250ms', 250],
  ])('reads request_timeout %s as %d ms', (written, ms) => {
    expect(shop(`request_timeout: ${written}`).connection.requestTimeoutMs).toBe(ms);
  });

  test.each([
    ['"50%"', { kind: 'share', share: 0.5 }],
    ['50%', { kind: 'share', share: 0.5 }],
    ['200', { kind: 'units', unitsPerSecond: 200 }],
    ['"0.5"', { kind: 'units', unitsPerSecond: 0.5 }],
  ])('reads read_capacity %s', (written, capacity) => {
    expect(shop(`read_capacity: ${written}`).readCapacity).toEqual(capacity);
  });

  test('makes role ARNs of account ids with dashes and role names, the proxy first and without the external id', () => {
    const { connection, accountId } = shop(
      'credentials:',
      '  account_id: 1234-5678-9012',
      '  role_name: reader',
      '  external_id: xyz',
      '  proxy_account_id: "001122334455"',
      '  proxy_role_name: proxy',
    );
    expect(accountId).toBe('123456789012');
    expect(connection.roles).toEqual([
      { roleArn: 'arn:aws:iam::001122334455:role/proxy', externalId: null },
      { roleArn: 'arn:aws:iam::123456789012:role/reader', externalId: 'xyz' },
    ]);
  });

  test('takes secrets from the environment and never turns them into text', () => {
    const { credentials } = shop(
      `credentials: { access_key_id: AKIA, secret_access_key: "${SECRET_REFERENCE}", session_token: "${SECRET_REFERENCE}" }`,
    ).connection;
    if (credentials.kind !== 'static') throw new Error(credentials.kind);
    expect(credentials.secretAccessKey.reveal()).toBe('s3cret');
    expect(credentials.sessionToken?.reveal()).toBe('s3cret');
    expect(() => JSON.stringify(credentials)).toThrow('A secret was turned into JSON');
  });

  test.each([
    ['{ profile: p }', { kind: 'profile', profile: 'p' }],
    [
      '{ web_identity_token_file: /t, web_identity_role_arn: arn }',
      { kind: 'web-identity', tokenFile: '/t', roleArn: 'arn' },
    ],
  ])('starts from %s', (written, credentials) => {
    expect(shop(`credentials: ${written}`).connection.credentials).toEqual(credentials);
  });

  test('replaces variables inside of any text, and leaves an escaped one alone', () => {
    const { destinations } = parse(
      `sources:\ndestinations:\n  lake: { type: files, path: "/data/\${NAME}/x", deep: [{ a: "\${NAME}" }], plain: "$\${NAME}" }\n`,
      { NAME: 'team' },
    );
    expect(destinations.get('lake')?.options).toEqual({
      path: '/data/team/x',
      deep: [{ a: 'team' }],
      plain: `\${NAME}`,
    });
  });

  test('tells a destination where its options stand, and where it may keep something', () => {
    const lake = parse('destinations:\n  lake:\n    type: files\n    pth: ./x\n').destinations.get('lake');
    expect(lake?.locate('pth')).toBe('tributary.yaml:4:5 destinations.lake.pth');
    expect(lake?.locate(null)).toBe('tributary.yaml:2:3 destinations.lake');
    expect(lake?.homeFolder).toBe('/home/t');
  });

  test('tells a destination what came from variables for another program, whatever its options are called', () => {
    const yaml = `
destinations:
  warehouse:
    type: singer-target
    command: \${BIN}/target
    args: ["--sig=\${SIG}"]
    config: { deep: [{ pin: "\${PIN}" }], plain: text }
  other: { type: files, path: ./x }
`;
    const { destinations } = parse(yaml, { BIN: '/bin', SIG: 'signature', PIN: '98765' });
    expect(destinations.get('warehouse')?.variableValues).toEqual(['signature', '98765']);
    expect(destinations.get('other')?.variableValues).toEqual([]);
  });

  test('may be empty', () => {
    expect(parse('# nothing yet\n').sources.size).toBe(0);
    expect(parse('sources:\ndestinations:\n').destinations.size).toBe(0);
  });
});

describe('a file with a mistake', () => {
  test.each([
    [
      'an unknown option',
      withSource('regin: x'),
      'tributary.yaml:5:5 sources.shop.regin: unknown option "regin" (did you mean "region"?)',
    ],
    [
      'an option that resembles none',
      withSource('tables: { orders: { method: FULL_TABLE, zzz: 1 } }'),
      'tributary.yaml:5:45 sources.shop.tables.orders.zzz: unknown option "zzz" (known here: method, projection, expression_attributes, consistent_read, strip_global_table_attributes, deletes, keep_last_image, ttl_deletes, on_gap)',
    ],
    [
      'a wrong type',
      withSource('max_concurrency: many'),
      'tributary.yaml:5:5 sources.shop.max_concurrency: expected a number',
    ],
    [
      'a method that does not exist',
      withSource('tables:', '  orders: { method: FULL }'),
      'tributary.yaml:6:17 sources.shop.tables.orders.method: expected FULL_TABLE or LOG_BASED',
    ],
    [
      'an option for changes of a table that has none',
      withSource('tables:', '  orders: { method: FULL_TABLE, keep_last_image: false }'),
      'tributary.yaml:6:37 sources.shop.tables.orders.keep_last_image: means something only with method: LOG_BASED; a FULL_TABLE run replaces all rows, so there is no change to apply',
    ],
    [
      'a way to answer gaps that there will be',
      withSource('tables:', '  orders: { method: LOG_BASED, on_gap: repair }'),
      'tributary.yaml:6:36 sources.shop.tables.orders.on_gap: repair is not built yet; use resync or fail',
    ],
    [
      'a way to answer gaps that there will not be',
      withSource('tables:', '  orders: { method: LOG_BASED, on_gap: ignore }'),
      'tributary.yaml:6:36 sources.shop.tables.orders.on_gap: expected resync or fail',
    ],
    [
      'a pause between commits that is too short',
      withSource('flush_interval: 50ms'),
      'tributary.yaml:5:5 sources.shop.flush_interval: expected a duration from 100ms to 5m',
    ],
    [
      'a table without a method',
      withSource('tables:', '  orders:'),
      'tributary.yaml:6:7 sources.shop.tables.orders.method: missing option, for example method: FULL_TABLE',
    ],
    [
      'a destination that is not there',
      withSource().replace('destination: warehouse', 'destination: warehose'),
      'tributary.yaml:4:5 sources.shop.destination: no destination "warehose" (did you mean "warehouse"?)',
    ],
    [
      'a secret in the file',
      withSource('credentials: { access_key_id: A, secret_access_key: hunter2 }'),
      'tributary.yaml:5:38 sources.shop.credentials.secret_access_key: a secret does not belong into the file; write secret_access_key: '.concat(
        '$',
        '{AWS_SECRET_ACCESS_KEY} and set that variable',
      ),
    ],
    [
      'half a key pair',
      withSource('credentials: { access_key_id: A }'),
      'tributary.yaml:5:20 sources.shop.credentials.access_key_id: needs secret_access_key beside it',
    ],
    [
      'an external id without a role',
      withSource('credentials: { external_id: A }'),
      'tributary.yaml:5:20 sources.shop.credentials.external_id: needs role_arn, or account_id and role_name',
    ],
    [
      'an account id that lost its zero',
      withSource('credentials: { account_id: 1122334455 }'),
      'tributary.yaml:5:20 sources.shop.credentials.account_id: expected an AWS account id of 12 digits (one that begins with 0 needs quotes)',
    ],
    [
      'a share above everything',
      withSource('read_capacity: 101%'),
      'tributary.yaml:5:5 sources.shop.read_capacity: expected a share from "1%" to "100%", or a number of RCU per second above 0',
    ],
    [
      'a name that JavaScript keeps for itself',
      withSource('tables: { __proto__: { method: FULL_TABLE } }'),
      'tributary.yaml:5:15 sources.shop.tables.__proto__: this name cannot be used in the file',
    ],
    ['a list in place of the file', '- a\n', 'tributary.yaml:1:1: expected a map of options'],
  ])('names line, option and fix of %s', (_, yaml, message) => {
    const error = refusal(yaml);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toBe(message);
  });

  test('reports all problems at once, in the order of the file', () => {
    const { message } = refusal('sources:\n  b: {}\n  a:\n    destination: warehouse\n    rate: 1\n');
    expect(message.split('\n')).toEqual([
      'The configuration is not valid: 4 problems',
      '  tributary.yaml:2:3 sources.b.region: missing option, for example region: eu-central-1',
      '  tributary.yaml:2:3 sources.b.destination: missing option, for example destination: warehouse',
      '  tributary.yaml:3:3 sources.a.region: missing option, for example region: eu-central-1',
      expect.stringContaining('  tributary.yaml:5:5 sources.a.rate: unknown option "rate"'),
    ]);
  });

  test('never repeats the value of a secret', () => {
    const secret = refusal(withSource('credentials: { access_key_id: A, secret_access_key: hunter2 }'));
    expect(secret.message).not.toContain('hunter2');
    const wrong = refusal(withSource(`region2: "${SECRET_REFERENCE}"`, `request_timeout: "${SECRET_REFERENCE}"`), {
      SECRET: 'hunter2',
    });
    expect(wrong.message).not.toContain('hunter2');
  });

  test('has no secrets of other programs in it: names and addresses tell', () => {
    const target = (...options: string[]) =>
      `destinations:\n  out:\n    type: singer-target\n    config:\n${options.map((option) => `      ${option}\n`).join('')}`;
    const secrets = [
      'password: hunter2',
      'api_key: hunter2',
      'nested: { accessToken: hunter2 }',
      'tokens: [hunter2]',
      'sqlalchemy_url: "postgresql://me:hunter2@host/db"',
      `partly_secret: a${SECRET_REFERENCE}`,
    ];
    const { code, message } = refusal(target(...secrets), { SECRET: 'x' });
    expect(code).toBe('CONFIG_INVALID');
    expect(message.match(/a secret does not belong/g)).toHaveLength(secrets.length);
    expect(message).toContain('destinations.out.config.password: a secret does not belong into the file');
    expect(message).not.toContain('hunter2');
    const fine = [
      `password: ${SECRET_REFERENCE}`,
      `url: "postgresql://me:${SECRET_REFERENCE}@host/db"`,
      'home: "https://example.com/a:b@c"',
      'key_properties: [id]',
      'primary_key_required: true',
      'password_file: /run/secrets/x',
    ];
    const { options } = parse(target(...fine), { SECRET: 'x' }).destinations.get('out') ?? {};
    expect(options?.['config']).toMatchObject({ password: 'x', url: 'postgresql://me:x@host/db' });
  });

  test('names variables that are not set, also beside other problems', () => {
    const unset = refusal(withSource(`endpoint: "${UNSET_REFERENCE}"`));
    expect(unset.code).toBe('CONFIG_ENV_MISSING');
    expect(unset.message).toBe('tributary.yaml:5:5 sources.shop.endpoint: the environment variable NOPE is not set');
    const both = refusal(withSource(`endpoint: "${UNSET_REFERENCE}"`, 'foo: 1'));
    expect(both.code).toBe('CONFIG_INVALID');
    expect(both.message).toContain('the environment variable NOPE is not set');
  });

  test('reports YAML that is not YAML, and keys that occur twice, by line', () => {
    const syntax = refusal('sources:\n  shop: [1\n');
    expect(syntax.code).toBe('CONFIG_SYNTAX');
    expect(syntax.message).toMatch(/^tributary\.yaml:\d+:\d+ /);
    expect(refusal('sources: {}\nsources: {}\n').message).toBe('tributary.yaml:2:1 Map keys must be unique');
  });

  test('refuses aliases that multiply', () => {
    const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`);
    const bomb = ['l0: &l0 [x]', ...levels].join('\n');
    expect(refusal(bomb).message).toBe('tributary.yaml: the aliases of the file cannot be resolved');
  });
});

test('says what to do when there is no file', async () => {
  const missing = loadConfig({ path: '/nonexistent/tributary.yaml', home: '/h', environment: {} });
  await expect(missing).rejects.toMatchObject({
    code: 'CONFIG_NOT_FOUND',
    message: 'The configuration /nonexistent/tributary.yaml could not be loaded: there is no such file',
    hint: expect.stringContaining('tributary init'),
  });
});
