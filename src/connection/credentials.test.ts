import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ConnectionOptions } from '../model/connection-options.ts';
import { Secret } from '../platform/secret.ts';
import { createGate } from '../simulator/gate.ts';
import { createManualClock, type ManualClock } from '../simulator/manual-clock.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { type Connection, createConnection } from './clients.ts';
import { mapAwsError } from './errors.ts';

const PROXY = 'arn:aws:iam::999999999999:role/proxy';
const READER = 'arn:aws:iam::123456789012:role/tributary-shop';
const USER = 'arn:aws:iam::111111111111:user/etl';
const MINUTE = 60_000;

let clock: ManualClock;
let simulator: Simulator;
const open: Connection[] = [];

beforeEach(async () => {
  clock = createManualClock();
  simulator = await startSimulator({
    clock,
    accessKeys: [{ accessKeyId: 'AKIAETL', arn: USER }],
    roles: [
      { arn: PROXY, trustedPrincipals: [USER] },
      { arn: READER, externalId: 'x-1', trustedPrincipals: [PROXY, USER] },
    ],
  });
});

afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await simulator.close();
});

function connect(overrides: Partial<ConnectionOptions> = {}): Connection {
  const connection = createConnection(
    {
      source: 'shop',
      region: 'us-east-1',
      endpoint: simulator.endpoint,
      stsEndpoint: simulator.endpoint,
      credentials: { kind: 'static', accessKeyId: 'AKIAETL', secretAccessKey: new Secret('s'), sessionToken: null },
      roles: [],
      requestTimeoutMs: 5_000,
      maxConnections: 8,
      ...overrides,
    },
    { clock },
  );
  open.push(connection);
  return connection;
}

async function listTables({ dynamodb, options }: Connection): Promise<void> {
  try {
    await dynamodb.send(new ListTablesCommand({}));
  } catch (error) {
    throw mapAwsError(error, { action: 'dynamodb:ListTables', options });
  }
}

const usedKeys = (): Set<string | null> =>
  new Set(simulator.requests.all({ action: 'ListTables' }).map(({ accessKeyId }) => accessKeyId));

test('static keys are used as they are', async () => {
  await listTables(connect());
  expect(usedKeys()).toEqual(new Set(['AKIAETL']));
});

test('a role with an external id is assumed once for many concurrent reads', async () => {
  const connection = connect({ roles: [{ roleArn: READER, externalId: 'x-1' }] });
  await Promise.all(Array.from({ length: 8 }, () => listTables(connection)));
  expect(simulator.requests.count({ action: 'AssumeRole' })).toBe(1);
  expect([...usedKeys()]).toEqual([expect.stringMatching(/^ASIA/)]);
});

test('a proxy role is assumed before the role of the customer', async () => {
  const roles = [
    { roleArn: PROXY, externalId: null },
    { roleArn: READER, externalId: 'x-1' },
  ];
  await listTables(connect({ roles }));
  const assumed = simulator.requests.all({ action: 'AssumeRole' });
  expect(assumed.map(({ accessKeyId }) => accessKeyId)).toEqual(['AKIAETL', expect.stringMatching(/^ASIA/)]);
});

test.each([
  ['another external id', [{ roleArn: READER, externalId: 'wrong' }]],
  ['no external id', [{ roleArn: READER, externalId: null }]],
  ['an unknown role', [{ roleArn: `${READER}-2`, externalId: 'x-1' }]],
])('a role that may not be assumed because of %s is named in the error', async (_, roles) => {
  await expect(listTables(connect({ roles }))).rejects.toMatchObject({
    code: 'ROLE_NOT_ASSUMABLE',
    message: expect.stringContaining(roles[0]?.roleArn ?? ''),
    hint: expect.stringContaining('external id'),
  });
});

test('a session is renewed ahead of its end while reads go on under the old one', async () => {
  const connection = connect({ roles: [{ roleArn: READER, externalId: 'x-1' }] });
  await listTables(connection);
  clock.advance(56 * MINUTE);
  const gate = createGate();
  simulator.faults.add({ action: 'AssumeRole', fault: { kind: 'slow-answer', gate } });
  await Promise.all([listTables(connection), listTables(connection), listTables(connection)]);
  await gate.reached;
  expect(usedKeys().size).toBe(1);
  // The old session has ended: reads wait for the renewal that is under way, and there is no second one.
  clock.advance(4 * MINUTE);
  const waiting = Promise.all([listTables(connection), listTables(connection)]);
  gate.open();
  await waiting;
  expect(usedKeys().size).toBe(2);
  expect(simulator.requests.count({ action: 'AssumeRole' })).toBe(2);
});

test('a renewal that fails does not disturb reads until the old session has ended', async () => {
  const connection = connect({ roles: [{ roleArn: READER, externalId: 'x-1' }] });
  await listTables(connection);
  clock.advance(56 * MINUTE);
  simulator.faults.add({ action: 'AssumeRole', times: 'always', fault: { kind: 'access-denied' } });
  await listTables(connection);
  await listTables(connection);
  clock.advance(4 * MINUTE);
  await expect(listTables(connection)).rejects.toMatchObject({ code: 'ROLE_NOT_ASSUMABLE' });
  simulator.faults.clear();
  await listTables(connection);
});

test('a session that is revoked before its end is replaced within the call', async () => {
  const connection = connect({ roles: [{ roleArn: READER, externalId: 'x-1' }] });
  await listTables(connection);
  simulator.identities.revoke([...usedKeys()][0] ?? '');
  await listTables(connection);
  expect(simulator.requests.count({ action: 'AssumeRole' })).toBe(2);
});

test('rejected keys that cannot be replaced are an error', async () => {
  const connection = connect();
  simulator.identities.revoke('AKIAETL');
  await expect(listTables(connection)).rejects.toMatchObject({ code: 'CREDENTIALS_REJECTED', kind: 'permission' });
  expect(simulator.requests.count({ action: 'ListTables' })).toBe(1);
});

test('keys that were rotated in the file of a profile are found', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-aws-'));
  const file = join(folder, 'credentials');
  const before = process.env['AWS_SHARED_CREDENTIALS_FILE'];
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = file;
  try {
    await writeFile(file, '[etl]\naws_access_key_id = AKIAETL\naws_secret_access_key = s\n');
    const connection = connect({ credentials: { kind: 'profile', profile: 'etl' } });
    await listTables(connection);
    simulator.identities.revoke('AKIAETL');
    simulator.identities.addAccessKey({ accessKeyId: 'AKIANEW' });
    await writeFile(file, '[etl]\naws_access_key_id = AKIANEW\naws_secret_access_key = s\n');
    await listTables(connection);
    expect(usedKeys()).toEqual(new Set(['AKIAETL', 'AKIANEW']));
    const unknown = connect({ credentials: { kind: 'profile', profile: 'nobody' } });
    await expect(listTables(unknown)).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' });
  } finally {
    if (before === undefined) delete process.env['AWS_SHARED_CREDENTIALS_FILE'];
    else process.env['AWS_SHARED_CREDENTIALS_FILE'] = before;
    await rm(folder, { recursive: true });
  }
});

test('a web identity without its token file is an error that names the file', async () => {
  const credentials = { kind: 'web-identity', tokenFile: '/nowhere/token', roleArn: READER } as const;
  await expect(listTables(connect({ credentials }))).rejects.toMatchObject({
    code: 'CREDENTIALS_MISSING',
    hint: expect.stringContaining('/nowhere/token'),
  });
});

test('a region that cannot be one is refused before anything is sent', () => {
  expect(() => connect({ region: 'eu-west1', endpoint: null })).toThrow(/"eu-west1" is not a region code/);
  expect(() => connect({ region: 'xx-newland-9', endpoint: null })).not.toThrow();
});

test('an endpoint of another region is said to be one', async () => {
  await expect(listTables(connect({ region: 'eu-west-1' }))).rejects.toMatchObject({ code: 'REGION_INVALID' });
});

test('a web identity token is exchanged for a session, and read again for each renewal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-token-'));
  const tokenFile = join(folder, 'token');
  const seen: URLSearchParams[] = [];
  const sts = createServer(async (request, response) => {
    seen.push(new URLSearchParams(await text(request)));
    response.setHeader('content-type', 'text/xml');
    const credentials =
      '<AccessKeyId>AKIAETL</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>' +
      `<Expiration>${new Date(clock.now() + 60 * MINUTE).toISOString()}</Expiration>`;
    response.end(
      '<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>' +
        `<Credentials>${credentials}</Credentials>` +
        '</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>',
    );
  });
  await new Promise<void>((resolve) => sts.listen(0, '127.0.0.1', resolve));
  const address = sts.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  try {
    await writeFile(tokenFile, 'token-1\n');
    const connection = connect({
      stsEndpoint: `http://127.0.0.1:${port}`,
      credentials: { kind: 'web-identity', tokenFile, roleArn: READER },
    });
    expect(await connection.credentials.reader.get()).toMatchObject({ accessKeyId: 'AKIAETL', sessionToken: 't' });
    await writeFile(tokenFile, 'token-2\n');
    clock.advance(60 * MINUTE);
    await connection.credentials.reader.get();
    expect(
      seen.map((form) => [form.get('WebIdentityToken'), form.get('RoleArn'), form.get('RoleSessionName')]),
    ).toEqual([
      ['token-1', READER, 'tributary-shop'],
      ['token-2', READER, 'tributary-shop'],
    ]);
  } finally {
    sts.closeAllConnections();
    sts.close();
    await rm(folder, { recursive: true });
  }
});
