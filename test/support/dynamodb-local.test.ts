import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { requireJava, requirePrivateNetwork } from './dynamodb-local.ts';
import { installedDynamoDbLocal } from './dynamodb-local-package.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const loopback = {
  address: '127.0.0.1',
  netmask: '255.0.0.0',
  family: 'IPv4' as const,
  mac: '00:00:00:00:00:00',
  internal: true,
  cidr: '127.0.0.1/8',
};

it('refuses a network that others can reach, and names the command to use', () => {
  const interfaces = { lo: [loopback], eth0: [{ ...loopback, address: '10.0.0.2', internal: false }] };
  expect(() => requirePrivateNetwork(interfaces)).toThrow(
    /Other interfaces than loopback are up \(eth0\).*scripts\/with-private-network\.ts npx vitest run --project dynamo/,
  );
  expect(() => requirePrivateNetwork({})).toThrow(/Loopback is down/);
  expect(() => requirePrivateNetwork({ lo: [loopback] })).not.toThrow();
});

it('names the command that fetches DynamoDB Local where it is missing', async () => {
  vi.stubEnv('TRIBUTARY_TEST_CACHE', await mkdtemp(join(tmpdir(), 'tributary-cache-')));
  expect(() => installedDynamoDbLocal()).toThrow(/DynamoDB Local is missing.*scripts\/fetch-dynamodb-local\.ts/);
});

it('names the package to install where Java is missing', async () => {
  vi.stubEnv('PATH', '/nowhere');
  await expect(requireJava()).rejects.toThrow(/no Java was found.*apt-get install openjdk-17-jre-headless/);
});
