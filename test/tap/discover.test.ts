import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { createTable } from '../support/simulated-table.ts';
import { callTap, openTapPlace, TAP_ENVIRONMENT, type TapPlace } from './run-tap.ts';

let place: TapPlace;
beforeEach(() => {
  for (const [name, value] of Object.entries(TAP_ENVIRONMENT)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await place[Symbol.asyncDispose]();
});

async function open(options: SimulatorOptions = {}): Promise<void> {
  place = await openTapPlace(options);
  createTable(place.simulator, 'orders', {
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'N' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
  createTable(place.simulator, 'empty');
  place.simulator.tables.putItems('orders', [{ pk: { S: 'a' }, sk: { N: '1' } }]);
}

/** What the Python tap 1.4.0 prints for these tables: `json.dump(…, indent=2)` without an end of line. */
const PYTHON_CATALOG = `{
  "streams": [
    {
      "table_name": "empty",
      "stream": "empty",
      "tap_stream_id": "empty",
      "metadata": [
        {
          "breadcrumb": [],
          "metadata": {
            "table-key-properties": [
              "pk"
            ]
          }
        }
      ],
      "schema": {
        "type": "object"
      }
    },
    {
      "table_name": "orders",
      "stream": "orders",
      "tap_stream_id": "orders",
      "metadata": [
        {
          "breadcrumb": [],
          "metadata": {
            "table-key-properties": [
              "pk",
              "sk"
            ],
            "row-count": 1
          }
        }
      ],
      "schema": {
        "type": "object"
      }
    }
  ]
}`;

test('the catalog is that of the Python tap, byte for byte; --discover goes before --catalog', async () => {
  await open();
  const config = await place.config({ start_date: '2026-01-01' });
  const { exitCode, stdout, stderr } = await callTap(['--config', config, '--discover', '--catalog', 'none'], place);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: PYTHON_CATALOG });
  expect(stderr.trimEnd().split('\n')).toEqual([
    'WARNING The config key start_date is not known and means nothing',
    'INFO Starting discover',
    'INFO Finished discover: 2 of 2 tables',
  ]);
});

test('the role of the config is assumed as by the Python tap; tables that it may not describe are named, with the reason', async () => {
  const reader = {
    arn: 'arn:aws:iam::123456789012:role/reader',
    externalId: 'x-1',
    policy: [
      { actions: ['ListTables'], tables: ['*'] },
      { actions: ['DescribeTable'], tables: ['orders'] },
    ],
  };
  await open({ roles: [reader] });
  vi.stubEnv('AWS_ENDPOINT_URL_STS', place.simulator.endpoint);
  const config = await place.config({ account_id: '1234-5678-9012', role_name: 'reader', external_id: 'x-1' });
  const { exitCode, stdout, stderr } = await callTap(['-c', config, '-d'], place);
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ streams: [{ tap_stream_id: 'orders' }] });
  expect(stderr).toMatch(/^WARNING empty is not in the catalog: .*assumed-role\/reader\/TapDynamodDB.*DescribeTable/m);
});

test('an account without a table is an error', async () => {
  place = await openTapPlace();
  const { exitCode, stdout, stderr } = await callTap(['-c', await place.config(), '-d'], place);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(
    `CRITICAL No streams found: the account has no table in us-east-1 at ${place.simulator.endpoint}`,
  );
});
