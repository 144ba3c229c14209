import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOCAL_KEY, localOptions } from '../../test/support/local-connection.ts';
import type { ConnectionOptions } from '../model/connection-options.ts';
import { systemClock } from '../platform/clock.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { iam } from './iam.ts';

const READER = 'arn:aws:iam::123456789012:role/tributary-shop';
const PROXY = 'arn:aws:iam::999999999999:role/proxy';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({
    accessKeys: [{ accessKeyId: LOCAL_KEY, arn: 'arn:aws:iam::111111111111:user/etl' }],
  });
});
afterEach(() => simulator.close());

function request(connection: Partial<ConnectionOptions> = {}): Parameters<typeof iam>[0] {
  return {
    connection: {
      ...localOptions(simulator),
      source: 'My Shop',
      ...connection,
    },
    accountId: null,
    tables: [{ ref: { table: 'orders', index: null }, method: 'FULL_TABLE' }],
    trustedPrincipal: null,
    clock: systemClock,
    signal: new AbortController().signal,
    newExternalId: () => 'generated',
  };
}

test('account and trusted principal are those of the caller, the role name is one of its own', async () => {
  const { documents, identityError, isNewExternalId } = await iam(request());
  expect([identityError, isNewExternalId]).toEqual([null, true]);
  expect(documents).toMatchObject({
    trustedPrincipal: 'arn:aws:iam::111111111111:root',
    externalId: 'generated',
    roleArn: expect.stringMatching(/^arn:aws:iam::111111111111:role\/tributary-my-shop-[0-9a-f]{8}$/),
  });
  const again = await iam(request());
  expect(again.documents).toEqual(documents);
  const other = await iam(request({ source: 'other' }));
  expect(other.documents.roleName).not.toBe(documents.roleName);
});

test('a role and an external id that are configured are kept', async () => {
  const { documents, isNewExternalId } = await iam(request({ roles: [{ roleArn: READER, externalId: 'x-1' }] }));
  expect(isNewExternalId).toBe(false);
  expect(documents).toMatchObject({ roleArn: READER, externalId: 'x-1' });
});

test('with a proxy role the trust policy names it', async () => {
  const roles = [
    { roleArn: PROXY, externalId: null },
    { roleArn: READER, externalId: null },
  ];
  const { documents } = await iam(request({ roles }));
  expect(documents).toMatchObject({ roleArn: READER, trustedPrincipal: PROXY, externalId: 'generated' });
});

test('without valid credentials there are placeholders and the reason', async () => {
  simulator.identities.revoke(LOCAL_KEY);
  const { documents, identityError } = await iam(request());
  expect(identityError).toMatchObject({ code: 'CREDENTIALS_REJECTED' });
  expect(documents.roleArn).toContain('YOUR_ACCOUNT_ID');
});

test('nothing is asked of AWS when account and principal are given', async () => {
  const given = { ...request(), accountId: '222222222222', trustedPrincipal: 'arn:aws:iam::333333333333:role/etl' };
  const { documents } = await iam(given);
  expect(documents).toMatchObject({
    trustedPrincipal: given.trustedPrincipal,
    roleArn: expect.stringContaining('2222'),
  });
  expect(simulator.requests.count()).toBe(0);
});
