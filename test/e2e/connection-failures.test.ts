import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { jsonLines } from '../cli/run-cli.ts';
import { openShop, orders, SHOP_KEYS, type Shop, saidError } from './troubled-shop.ts';

const ACCOUNT = 'arn:aws:iam::123456789012';
const USER = `${ACCOUNT}:user/SHOPKEY`;

let shop: Shop;
/** Of what readers see; each case changes all items of the source. */
let revision = 1;

beforeAll(async () => {
  shop = await openShop({
    destination: 'files',
    items: orders(30),
    simulator: {
      accessKeys: [{ accessKeyId: 'SHOPKEY' }],
      roles: [
        { arn: `${ACCOUNT}:role/closed`, trustedPrincipals: [`${ACCOUNT}:user/somebody-else`] },
        { arn: `${ACCOUNT}:role/open`, externalId: 'the right one' },
      ],
    },
  });
  await shop.sync();
});
afterAll(() => shop[Symbol.asyncDispose]());
afterEach(() => {
  vi.unstubAllEnvs();
  shop.simulator.faults.clear();
});

interface Case {
  readonly name: string;
  readonly source?: Readonly<Record<string, unknown>>;
  /** Answers every request. */
  readonly fault?: Fault;
  readonly exitCode: number;
  readonly error: string;
  readonly fix: string;
}

const REACH = 'dynamodb:DescribeTable on orders failed';

const CASES: readonly Case[] = [
  {
    name: 'a region that the endpoint does not serve',
    source: { region: 'eu-west-1' },
    exitCode: 2,
    error: `REGION_INVALID: ${REACH}: Credential should be scoped to a valid region, not 'eu-west-1'.`,
    fix: 'The endpoint serves another region: correct `region` or `endpoint`',
  },
  {
    name: 'a region that is none',
    source: { region: 'eu-west1', endpoint: undefined },
    exitCode: 2,
    error: 'REGION_INVALID: "eu-west1" is not a region code',
    fix: 'Use a region code such as eu-west-1, or set `endpoint` for a local DynamoDB',
  },
  {
    name: 'an endpoint where nobody listens',
    source: { endpoint: 'http://127.0.0.1:1' },
    exitCode: 5,
    error: `ENDPOINT_UNREACHABLE: ${REACH}: no answer from http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1`,
    fix: 'Check network, proxy and the `endpoint` option, then run again: nothing that was done is lost.',
  },
  {
    name: 'an access key that AWS does not know',
    source: { credentials: { ...SHOP_KEYS, access_key_id: 'UNKNOWN' } },
    exitCode: 3,
    error: `CREDENTIALS_REJECTED: ${REACH}: The security token included in the request is invalid.`,
    fix: 'Check the access key; the same answer comes when the account has not enabled region us-east-1',
  },
  {
    name: 'a session that has expired',
    fault: { kind: 'expired-credentials' },
    exitCode: 3,
    error: `CREDENTIALS_REJECTED: ${REACH}: The security token included in the request is expired`,
    fix: 'The session has expired: log in again or renew the temporary keys',
  },
  {
    name: 'no credentials anywhere',
    source: { credentials: undefined, endpoint: undefined },
    exitCode: 3,
    error:
      'CREDENTIALS_MISSING: No AWS credentials found in the default AWS chain: Could not load credentials from any providers',
    fix: 'Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile or role under `credentials`.',
  },
  {
    name: 'no credentials for a local DynamoDB',
    source: { credentials: undefined },
    exitCode: 3,
    error:
      'CREDENTIALS_MISSING: No AWS credentials found in the default AWS chain: Could not load credentials from any providers',
    fix: 'A local DynamoDB takes any key: set AWS_ACCESS_KEY_ID=local and AWS_SECRET_ACCESS_KEY=local',
  },
  {
    name: 'a profile that is not there',
    source: { credentials: { profile: 'nobody' } },
    exitCode: 3,
    error:
      'CREDENTIALS_MISSING: No AWS credentials found in profile nobody: Could not resolve credentials using profile: [nobody] in configuration/credentials file(s).',
    fix: 'Compare `profile` with the names in ~/.aws/config and ~/.aws/credentials, or log in with `aws sso login --profile nobody`',
  },
  {
    name: 'a role that does not trust the caller',
    source: { credentials: { ...SHOP_KEYS, role_arn: `${ACCOUNT}:role/closed` } },
    exitCode: 3,
    error: roleError('closed'),
    fix: 'Compare the trust policy of the role (principal and external id) with the output of `tributary iam`, and the policy of the caller',
  },
  {
    name: 'a wrong external id',
    source: { credentials: { ...SHOP_KEYS, role_arn: `${ACCOUNT}:role/open`, external_id: 'a wrong one' } },
    exitCode: 3,
    error: roleError('open'),
    fix: 'Compare the trust policy of the role (principal and external id) with the output of `tributary iam`, and the policy of the caller',
  },
];

function roleError(role: string): string {
  const arn = `${ACCOUNT}:role/${role}`;
  return `ROLE_NOT_ASSUMABLE: sts:AssumeRole on ${arn} failed: User: ${USER} is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
}

/** All places of the default chain are empty, whatever machine the tests run on. */
function withoutCredentials(): void {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE']) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
}

describe('a source that cannot be read', () => {
  test.each(CASES)('$name: what failed and what to do, and what readers see stays', async (it) => {
    withoutCredentials();
    const present = orders(30, { revision });
    revision += 1;
    const items = orders(30, { revision });
    shop.restock(items);
    await shop.configure({ source: it.source ?? {} });
    if (it.fault) shop.simulator.faults.add({ times: 'always', fault: it.fault });

    const run = await shop.tributary('sync');
    expect({ exitCode: run.exitCode, said: saidError(run) }).toEqual({
      exitCode: it.exitCode,
      said: `error ${it.error}\n  Fix: ${it.fix}\n`,
    });
    expect(run.stdout).toBe('');
    await shop.expectLive(present);

    shop.simulator.faults.clear();
    await shop.configure();
    await shop.sync();
    await shop.expectLive(items);
  });

  test('a clock that is an hour behind: says so at sync and at check', async () => {
    await shop.configure();
    shop.simulator.faults.add({ times: 'always', fault: { kind: 'clock-skew', skewMs: 3_600_000 } });
    const run = await shop.tributary('sync');
    expect(run.exitCode).toBe(2);
    expect(saidError(run)).toMatch(
      /^error CLOCK_SKEW: dynamodb:DescribeTable on orders failed: Signature expired: \d{8}T\d{6}Z is now earlier than .*\n {2}Fix: Set the clock of the machine, for example with NTP\.\n$/,
    );
    const check = await shop.tributary('check');
    expect(check.exitCode).toBe(2);
    expect(check.stdout).toMatch(/failed {3}Identity: .* Signature expired.*\n +Fix: Set the clock of the machine/);
    await shop.expectLive(orders(30, { revision }));
  });

  test('a session that ends in the middle of a run stops it, and the next run resumes', async () => {
    shop.simulator.tables.create({
      TableName: 'long',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    const items = orders(1_500, { textBytes: 1_000 });
    shop.simulator.tables.putItems('long', items);
    await shop.configure({ tables: { long: { method: 'FULL_TABLE' } } });
    shop.simulator.requests.clear();
    shop.simulator.onRequest(({ action }) => {
      if (action === 'Scan' && shop.simulator.requests.scans('long').length === 4) {
        shop.simulator.identities.revoke('SHOPKEY');
      }
    });
    const run = await shop.tributary('sync');
    expect(run.exitCode).toBe(3);
    expect(run.stdout).toMatch(
      /long CREDENTIALS_REJECTED: dynamodb:Scan on long failed: The security token included in the request is invalid\.\n {2}Fix: Check the access key/,
    );
    shop.simulator.identities.addAccessKey({ accessKeyId: 'SHOPKEY' });
    const next = await shop.tributary('sync', '--json');
    expect(next.exitCode, next.stderr).toBe(0);
    expect(jsonLines(next.stdout).at(-1)).toMatchObject({ tables: [{ outcome: 'succeeded', version: 1 }] });
    await shop.expectLive(items, 'long');
  });
});

describe('three tables of which one cannot be read', () => {
  test.each([
    {
      name: 'its Scan is denied',
      destination: 'duckdb',
      spoil: (of: Shop): void => {
        of.simulator.faults.add({
          action: 'Scan',
          table: 'customers',
          times: 'always',
          fault: { kind: 'access-denied' },
        });
      },
      exitCode: 3,
      error: {
        code: 'ACCESS_DENIED',
        message: `dynamodb:Scan on customers failed: User: ${USER} is not authorized to perform: dynamodb:Scan on resource: arn:aws:dynamodb:us-east-1:123456789012:table/customers because no identity-based policy allows the dynamodb:Scan action`,
        hint: 'Allow dynamodb:Scan on arn:aws:dynamodb:us-east-1:123456789012:table/customers: attach the policy that `tributary iam --source shop` prints',
      },
    },
    {
      name: 'it is not there',
      destination: 'files',
      spoil: (of: Shop): void => {
        of.simulator.faults.add({
          action: 'DescribeTable',
          table: 'customers',
          times: 'always',
          fault: { kind: 'error', error: 'ResourceNotFoundException', message: 'Requested resource not found' },
        });
      },
      exitCode: 2,
      error: {
        code: 'TABLE_NOT_FOUND',
        message: 'dynamodb:DescribeTable on customers failed: there is no such table in region us-east-1',
        hint: 'Compare with `tributary discover`; check the region of the source.',
      },
    },
  ] as const)(
    '$name: the others are loaded, the reason is recorded ($destination)',
    async ({ destination, spoil, exitCode, error }) => {
      await using three = await openShop({ destination, tables: ['orders', 'customers', 'events'] });
      await three.sync();
      const newer = orders(60, { revision: 2 });
      for (const table of ['orders', 'customers', 'events']) three.restock(newer, table);
      spoil(three);
      const run = await three.tributary('sync');
      expect(run.exitCode).toBe(exitCode);
      expect(run.stdout).toContain(`customers ${error.code}: ${error.message}\n  Fix: ${error.hint}\n`);
      expect(saidError(run)).toContain('error TABLES_FAILED: 1 of 3 tables of source shop not replicated\n  Fix: ');
      await three.expectLive(newer, 'orders');
      await three.expectLive(newer, 'events');
      await three.expectLive(orders(50), 'customers');

      const status = await three.tributary('status', '--json');
      expect(status.exitCode).toBe(0);
      expect(jsonLines(status.stdout)).toMatchObject([
        {
          sources: [
            {
              last_run: { tables: expect.arrayContaining([expect.objectContaining({ table: 'customers', error })]) },
              tables: [
                { table: 'customers', live_version: 1, live_rows: 50, last_error: error },
                { table: 'events', live_version: 2, live_rows: 60, last_error: null },
                { table: 'orders', live_version: 2, last_error: null },
              ],
            },
          ],
        },
      ]);

      three.simulator.faults.clear();
      await three.sync();
      await three.expectLive(newer, 'customers');
    },
  );
});
