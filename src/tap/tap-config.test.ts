import { describe, expect, test } from 'vitest';
import { TributaryError } from '../platform/errors.ts';
import { helpText } from './command-line.ts';
import { parseTapConfig } from './tap-config.ts';

const ROLE = { account_id: '123456789012', external_id: 'x-1', role_name: 'reader', region_name: 'us-east-1' };
const LOCAL = { region_name: 'us-east-1', use_local_dynamo: true };

const connectionOf = (more: object = {}) => parseTapConfig({ ...ROLE, ...more }).config.connection;

function failure(json: unknown): string {
  try {
    parseTapConfig(json);
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('The config was accepted');
}

describe('the role', () => {
  const reader = { roleArn: 'arn:aws:iam::123456789012:role/reader', externalId: 'x-1' };

  test('is assumed with the external id, as the session that the Python tap opens', () => {
    expect(connectionOf()).toMatchObject({
      ...{ region: 'us-east-1', endpoint: null, requestTimeoutMs: 300_000, credentials: { kind: 'chain' } },
      roles: [{ ...reader, sessionName: 'TapDynamodDB' }],
    });
  });

  test('is assumed through a proxy where both of its keys are given', () => {
    const proxy = { roleArn: 'arn:aws:iam::001122334455:role/proxy', externalId: null, sessionName: 'ProxySession' };
    expect(connectionOf({ proxy_account_id: '0011-2233-4455', proxy_role_name: 'proxy' }).roles).toEqual([
      proxy,
      { ...reader, sessionName: 'TapDynamodDBCustSession' },
    ]);
    expect(connectionOf({ proxy_account_id: '', proxy_role_name: 'proxy' }).roles).toHaveLength(1);
    expect(connectionOf({ proxy_account_id: '001122334455' }).roles).toHaveLength(1);
  });

  test('is not needed where no key of a role is given: the default AWS credentials read the tables', () => {
    const { config, warnings } = parseTapConfig({ region_name: 'us-east-1', role_name: '', external_id: null });
    expect(config.connection).toMatchObject({ endpoint: null, roles: [], credentials: { kind: 'chain' } });
    expect(warnings).toEqual([]);
  });

  test.each([
    [{ proxy_role_name: 'proxy' }, 'proxy_role_name means nothing without proxy_account_id'],
    [
      { proxy_account_id: '001122334455', proxy_role_name: '' },
      'proxy_account_id means nothing without proxy_role_name',
    ],
  ])('half a proxy is warned of: %j', (proxy, warning) => {
    expect(parseTapConfig({ ...ROLE, ...proxy }).warnings).toEqual([expect.stringContaining(warning)]);
  });

  test.each([['1234-5678-9012'], [123_456_789_012]])('takes the account %s', (account_id) => {
    expect(connectionOf({ account_id }).roles).toMatchObject([reader]);
  });

  test('belongs to the partition of the region', () => {
    expect(connectionOf({ region_name: 'cn-north-1' }).roles[0]?.roleArn).toMatch(/^arn:aws-cn:/);
  });
});

describe('a local DynamoDB', () => {
  test.each([[true], ['true'], [1]])('is meant by use_local_dynamo: %j, without a role', (use_local_dynamo) => {
    expect(connectionOf({ use_local_dynamo })).toMatchObject({ endpoint: 'http://localhost:8000', roles: [] });
  });

  test.each([[false], ['false'], [0], [''], [null]])('is not meant by use_local_dynamo: %j', (use_local_dynamo) => {
    expect(connectionOf({ use_local_dynamo }).endpoint).toBeNull();
  });

  test('needs a region and nothing else, at any endpoint', () => {
    const local = parseTapConfig({ ...LOCAL, endpoint: 'http://127.0.0.1:4566' });
    expect(local.config.connection).toMatchObject({ endpoint: 'http://127.0.0.1:4566', roles: [] });
    expect(parseTapConfig({ region_name: 'x', endpoint: 'http://127.0.0.1:1' }).config.connection.roles).toEqual([]);
    expect(connectionOf({ endpoint: 'https://vpce.example' }).roles).toHaveLength(1);
    expect(failure({ use_local_dynamo: true })).toBe('The config cannot be used: missing required keys: region_name');
  });
});

test.each([
  [12.5, 12_500],
  ['60', 60_000],
  [0, 300_000],
  ['0', 300_000],
  ['', 300_000],
  [null, 300_000],
])('a request_timeout of %j is %d ms', (request_timeout, ms) => {
  expect(connectionOf({ request_timeout }).requestTimeoutMs).toBe(ms);
});

test('keys of our own have the values of the Python tap unless they are given', () => {
  expect(parseTapConfig(LOCAL).config).toMatchObject({
    limits: { maxConcurrency: 16, readCapacity: null, segments: 1 },
    ...{ shards: 'open', consistentRead: false, inferSchema: false, batches: null },
  });
  const storage = { root: 'file:///var/tmp/a%20b', prefix: 'p-' };
  const own = {
    ...{ infer_schema: 'true', closed_shards_only: true, segments: '4', consistent_read: true, max_concurrency: 8 },
    ...{ read_capacity: '50%', batch_config: { encoding: { format: 'jsonl', compression: 'gzip' }, storage } },
  };
  expect(parseTapConfig({ ...LOCAL, ...own }).config).toMatchObject({
    limits: { maxConcurrency: 8, readCapacity: { kind: 'share', share: 0.5 }, segments: 4 },
    ...{ shards: 'closed', consistentRead: true, inferSchema: true },
    batches: { folder: '/var/tmp/a b', prefix: 'p-' },
  });
  for (const key of Object.keys({ ...ROLE, ...LOCAL, ...own, request_timeout: 1, endpoint: 1 })) {
    expect(helpText('tap-dynamodb')).toContain(key);
  }
});

test('unknown keys are warned of, with what was meant', () => {
  expect(parseTapConfig({ ...LOCAL, start_date: '2026-01-01', infer_shema: true }).warnings).toEqual([
    'The config key start_date is not known and means nothing',
    'The config key infer_shema is not known and means nothing; did you mean infer_schema?',
  ]);
  const batch_config = { batch_size: 5, encoding: { level: 1 }, storage: { root: '/x', prefx: 'a' } };
  expect(parseTapConfig({ ...LOCAL, batch_config }).warnings).toEqual([
    'The config key batch_config.batch_size is not known and means nothing',
    'The config key batch_config.encoding.level is not known and means nothing',
    'The config key batch_config.storage.prefx is not known and means nothing; did you mean prefix?',
  ]);
});

describe('a config that cannot be used', () => {
  test('names all keys that are missing and all that are wrong', () => {
    expect(failure({})).toBe('The config cannot be used: missing required keys: region_name');
    for (const key of ['account_id', 'proxy_role_name']) {
      const role = ['account_id', 'external_id', 'role_name', 'region_name'].filter((other) => other !== key);
      expect(failure({ [key]: '123456789012' })).toBe(
        `The config cannot be used: missing required keys: ${role.join(', ')}`,
      );
    }
    const message = failure({ region_name: 'us-east-1', role_name: 'r', request_timeout: 'long', segments: 0 });
    expect(message.split('\n')).toEqual([
      'The config cannot be used:',
      '- missing required keys: account_id, external_id',
      '- request_timeout: expected seconds',
      '- segments: expected at least 1',
    ]);
  });

  test('says which keys were probably meant', () => {
    expect(failure({ region: 'us-east-1', endpoint_url: 'http://localhost:8000', x: 1 }).split('\n')).toEqual([
      'The config cannot be used:',
      '- missing required keys: region_name',
      '- region: not known; did you mean region_name?',
      '- endpoint_url: not known; did you mean endpoint?',
    ]);
  });

  test('says how to do without a role', () => {
    const parse = () => parseTapConfig({ region_name: 'us-east-1', role_name: 'reader' });
    expect(parse).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/default AWS.*endpoint.*use_local_dynamo/) }),
    );
  });

  test.each([
    [[], 'expected an object'],
    [{ ...ROLE, account_id: '123' }, 'account_id: expected an AWS account id of 12 digits'],
    [{ ...LOCAL, use_local_dynamo: 'maybe' }, 'use_local_dynamo: expected true or false'],
    [{ ...LOCAL, endpoint: 'localhost:8000' }, 'endpoint: expected a URL'],
    [{ ...LOCAL, read_capacity: '0%' }, 'read_capacity: expected a share'],
    [
      { ...LOCAL, batch_config: { storage: { root: 's3://bucket' } } },
      'batch_config.storage.root: expected the URL of',
    ],
    [{ ...LOCAL, batch_config: { storage: { root: 'file:///a%2Fb' } } }, 'batch_config.storage.root: expected the URL'],
    [{ ...LOCAL, batch_config: { encoding: { format: 'parquet' }, storage: { root: '/x' } } }, 'encoding.format: '],
  ])('%j', (json, message) => {
    expect(failure(json)).toContain(message);
  });
});
