import { DescribeTableCommand, DynamoDBClient, ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect } from 'vitest';
import { createManualClock } from '../../src/simulator/manual-clock.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { type Behaviour, rawRequest, refusal, simulatorOnly } from './behaviour.ts';

const USER = 'arn:aws:iam::123456789012:user/loader';
const READER = 'arn:aws:iam::999999999999:role/reader';
const STRICT = 'arn:aws:iam::999999999999:role/strict';
const CHAINED = 'arn:aws:iam::999999999999:role/chained';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const LOADER: Keys = { accessKeyId: 'LOADER', secretAccessKey: 'secret' };
const LIMITED: Keys = { accessKeyId: 'LIMITED', secretAccessKey: 'secret' };

/** A simulator of its own, that knows its users and roles, with two tables. */
async function withIdentities(
  check: (world: { simulator: Simulator; advance: (ms: number) => void }) => Promise<void>,
): Promise<void> {
  const clock = createManualClock(Date.now());
  const simulator = await startSimulator({
    clock,
    accessKeys: [
      { accessKeyId: 'LOADER', arn: USER },
      {
        accessKeyId: 'LIMITED',
        arn: 'arn:aws:iam::123456789012:user/limited',
        policy: [
          { actions: ['DescribeTable'], tables: ['*'] },
          { actions: ['Scan'], tables: ['orders'] },
        ],
      },
    ],
    roles: [
      { arn: READER, externalId: 'ext-1', trustedPrincipals: ['arn:aws:iam::123456789012:root'] },
      { arn: STRICT, trustedPrincipals: ['arn:aws:iam::123456789012:user/somebody-else'] },
      { arn: CHAINED, trustedPrincipals: [READER], policy: [{ actions: ['Scan'], tables: ['orders'] }] },
    ],
  });
  for (const TableName of ['orders', 'customers']) {
    simulator.tables.create({
      TableName,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
  }
  try {
    await check({ simulator, advance: (ms) => clock.advance(ms) });
  } finally {
    await simulator.close();
  }
}

const configOf = ({ endpoint }: Simulator, credentials: Keys, region = 'us-east-1') => ({
  endpoint,
  region,
  credentials,
  maxAttempts: 1,
});

async function scanAs(simulator: Simulator, keys: Keys, table = 'orders', region?: string): Promise<unknown> {
  const client = new DynamoDBClient(configOf(simulator, keys, region));
  try {
    return await client.send(new ScanCommand({ TableName: table }));
  } finally {
    client.destroy();
  }
}

async function assume(simulator: Simulator, keys: Keys, roleArn: string, externalId?: string): Promise<Keys> {
  const client = new STSClient(configOf(simulator, keys));
  const { Credentials } = await client.send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: 'session',
      ExternalId: externalId,
      DurationSeconds: 900,
    }),
  );
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

function identity(
  because: 'credentials' | 'sts',
  name: string,
  check: (world: { simulator: Simulator; advance: (ms: number) => void }) => Promise<void>,
): Behaviour {
  return simulatorOnly(because, name, () => withIdentities(check));
}

export const IDENTITY_BEHAVIOURS: readonly Behaviour[] = [
  identity('credentials', 'refuses an access key that it does not know', async ({ simulator }) => {
    expect(await refusal(scanAs(simulator, { accessKeyId: 'NOBODY', secretAccessKey: 'x' }))).toBe(
      'UnrecognizedClientException: The security token included in the request is invalid.',
    );
  }),
  identity('credentials', 'refuses credentials for another region', async ({ simulator }) => {
    expect(await refusal(scanAs(simulator, LOADER, 'orders', 'eu-west-1'))).toContain(
      "InvalidSignatureException: Credential should be scoped to a valid region, not 'eu-west-1'",
    );
  }),
  identity('credentials', 'refuses a request without a signature', async ({ simulator }) => {
    const answer = await rawRequest(simulator, 'ListTables', '{}', { authorization: '' });
    expect([answer.status, answer.body.toString()]).toEqual([
      400,
      expect.stringContaining('MissingAuthenticationTokenException'),
    ]);
  }),
  identity('credentials', 'refuses an access key that was rotated away', async ({ simulator }) => {
    await scanAs(simulator, LOADER);
    simulator.identities.revoke('LOADER');
    expect(await refusal(scanAs(simulator, LOADER))).toMatch(/^UnrecognizedClientException: /);
  }),
  identity('credentials', 'denies an action that no policy allows, in the words of AWS', async ({ simulator }) => {
    await scanAs(simulator, LIMITED, 'orders');
    expect(await refusal(scanAs(simulator, LIMITED, 'customers'))).toBe(
      'AccessDeniedException: User: arn:aws:iam::123456789012:user/limited is not authorized to perform: dynamodb:Scan on resource: arn:aws:dynamodb:us-east-1:123456789012:table/customers because no identity-based policy allows the dynamodb:Scan action',
    );
    const client = new DynamoDBClient(configOf(simulator, LIMITED));
    await client.send(new DescribeTableCommand({ TableName: 'customers' }));
    expect(await refusal(client.send(new ListTablesCommand({})))).toContain('table/* because no identity-based policy');
  }),
  identity('credentials', 'denies access to a table before it says whether the table exists', async ({ simulator }) => {
    expect(await refusal(scanAs(simulator, LIMITED, 'never-created'))).toMatch(/^AccessDeniedException: /);
  }),
  identity('sts', 'tells who the caller is', async ({ simulator }) => {
    const client = new STSClient(configOf(simulator, LOADER));
    expect(await client.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: '123456789012', Arn: USER });
  }),
  identity('sts', 'names an unknown key as STS does', async ({ simulator }) => {
    const client = new STSClient(configOf(simulator, { accessKeyId: 'NOBODY', secretAccessKey: 'x' }));
    expect(await refusal(client.send(new GetCallerIdentityCommand({})))).toMatch(/^InvalidClientTokenId/);
  }),
  identity('sts', 'lets a trusted principal with the external id assume a role', async ({ simulator }) => {
    const session = await assume(simulator, LOADER, READER, 'ext-1');
    await scanAs(simulator, session);
    const client = new STSClient(configOf(simulator, session));
    expect((await client.send(new GetCallerIdentityCommand({}))).Arn).toBe(
      'arn:aws:sts::999999999999:assumed-role/reader/session',
    );
  }),
  identity('sts', 'refuses a missing and a wrong external id', async ({ simulator }) => {
    for (const externalId of [undefined, 'ext-2']) {
      expect(await refusal(assume(simulator, LOADER, READER, externalId))).toBe(
        `AccessDenied: User: ${USER} is not authorized to perform: sts:AssumeRole on resource: ${READER}`,
      );
    }
  }),
  identity(
    'sts',
    'refuses a principal that the role does not trust, and a role that is not there',
    async ({ simulator }) => {
      for (const role of [STRICT, `${STRICT}-not`]) {
        expect(await refusal(assume(simulator, LOADER, role))).toMatch(/^AccessDenied: /);
      }
    },
  ),
  identity('sts', 'lets the session of one role assume the next, with its policy', async ({ simulator }) => {
    expect(await refusal(assume(simulator, LOADER, CHAINED))).toMatch(/^AccessDenied: /);
    const session = await assume(simulator, await assume(simulator, LOADER, READER, 'ext-1'), CHAINED);
    await scanAs(simulator, session, 'orders');
    expect(await refusal(scanAs(simulator, session, 'customers'))).toContain(
      'User: arn:aws:sts::999999999999:assumed-role/chained/session is not authorized to perform: dynamodb:Scan',
    );
  }),
  identity('sts', 'expires a session on its clock', async ({ simulator, advance }) => {
    const session = await assume(simulator, LOADER, READER, 'ext-1');
    advance(899_999);
    await scanAs(simulator, session);
    advance(1);
    expect(await refusal(scanAs(simulator, session))).toBe(
      'ExpiredTokenException: The security token included in the request is expired',
    );
  }),
  identity('sts', 'refuses the keys of a session without its token', async ({ simulator }) => {
    const { accessKeyId, secretAccessKey } = await assume(simulator, LOADER, READER, 'ext-1');
    expect(await refusal(scanAs(simulator, { accessKeyId, secretAccessKey }))).toMatch(
      /^UnrecognizedClientException: /,
    );
  }),
];
