import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parseTableRef } from '../../model/table.ts';
import { type IamDocuments, type IamRequest, iamDocuments } from './iam-documents.ts';
import { policySize } from './policy-document.ts';
import type { PolicyTable } from './read-policy.ts';

const REQUEST: IamRequest = {
  source: 'shop',
  region: 'eu-central-1',
  accountId: '123456789012',
  tables: [],
  trustedPrincipal: 'arn:aws:iam::111111111111:root',
  roleName: 'tributary-shop-1a2b3c4d',
  externalId: '6f0c2a54-0000-4000-8000-000000000000',
};
const ARN = 'arn:aws:dynamodb:eu-central-1:123456789012:table/';

function table(ref: string, method: PolicyTable['method'] = 'FULL_TABLE'): PolicyTable {
  return { ref: parseTableRef(ref), method };
}

/** Statement id to [actions, resources]. */
function statementsOf({ policies }: IamDocuments): Record<string, unknown> {
  return Object.fromEntries(
    policies.flatMap(({ document }) => document.Statement.map((s) => [s.Sid, [s.Action, s.Resource]])),
  );
}

describe('the read policy', () => {
  test('of full tables has no action on streams', () => {
    expect(statementsOf(iamDocuments({ ...REQUEST, tables: [table('orders'), table('customers')] }))).toEqual({
      List: [['dynamodb:ListTables'], ['*']],
      Describe: [['dynamodb:DescribeTable'], [`${ARN}customers`, `${ARN}orders`]],
      Scan: [['dynamodb:Scan'], [`${ARN}customers`, `${ARN}orders`]],
      OptionalTableSettings: [
        ['dynamodb:DescribeTimeToLive', 'dynamodb:DescribeContinuousBackups'],
        [`${ARN}customers`, `${ARN}orders`],
      ],
    });
  });

  test('allows the streams of log-based tables only', () => {
    const tables = [table('orders', 'LOG_BASED'), table('customers')];
    expect(statementsOf(iamDocuments({ ...REQUEST, tables }))).toMatchObject({
      List: [['dynamodb:ListTables'], ['*']],
      Streams: [
        ['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'],
        [`${ARN}orders/stream/*`],
      ],
    });
  });

  test('of a view allows the Scan of its index, not of its table', () => {
    expect(statementsOf(iamDocuments({ ...REQUEST, tables: [table('orders/by-customer')] }))).toMatchObject({
      Describe: [['dynamodb:DescribeTable'], [`${ARN}orders`]],
      Scan: [['dynamodb:Scan'], [`${ARN}orders/index/by-customer`]],
    });
  });

  test('takes name patterns as they are', () => {
    expect(statementsOf(iamDocuments({ ...REQUEST, tables: [table('orders-*')] }))).toMatchObject({
      Scan: [['dynamodb:Scan'], [`${ARN}orders-*`]],
    });
  });

  test('covers everything while nothing is selected, and says so', () => {
    const documents = iamDocuments(REQUEST);
    expect(statementsOf(documents)).toMatchObject({
      Scan: [['dynamodb:Scan'], [`${ARN}*`, `${ARN}*/index/*`]],
      Streams: [expect.anything(), [`${ARN}*/stream/*`]],
    });
    expect(documents.notes.join('\n')).toContain('No table is selected');
  });

  test.each([
    ['us-gov-west-1', 'aws-us-gov'],
    ['cn-north-1', 'aws-cn'],
    ['eu-west-1', 'aws'],
  ])('in %s names the partition %s', (region, partition) => {
    const documents = iamDocuments({ ...REQUEST, region, tables: [table('orders')] });
    expect(documents.roleArn).toBe(`arn:${partition}:iam::123456789012:role/tributary-shop-1a2b3c4d`);
    expect(JSON.stringify(documents.policies)).toContain(`arn:${partition}:dynamodb:${region}:`);
    expect(documents.awsCli).toContain(`--policy-arn arn:${partition}:iam::123456789012:policy/`);
  });
});

describe('many tables', () => {
  const named = (count: number, prefix: string): PolicyTable[] =>
    Array.from({ length: count }, (_, n) => table(`${prefix}${String(n).padStart(5, '0')}`, 'LOG_BASED'));

  test.each([60, 100, 150])('%i of them are spread over policies that AWS takes, none left out', (count) => {
    const { policies, notes } = iamDocuments({ ...REQUEST, tables: named(count, 'prod-orders-') });
    expect(policies.length).toBeGreaterThan(1);
    expect(policies.length).toBeLessThanOrEqual(10);
    for (const { document } of policies) expect(policySize(document)).toBeLessThanOrEqual(6_144);
    const scanned = policies.flatMap(({ document }) =>
      document.Statement.filter(({ Sid }) => Sid === 'Scan').flatMap(({ Resource }) => Resource ?? []),
    );
    expect(new Set(scanned).size).toBe(count);
    expect(notes.join('\n')).toContain(`there are ${policies.length}`);
  });

  test('that do not fit at all become prefixes, and that is said', () => {
    const tables = [...named(3_000, 'prod-orders-'), ...named(3_000, 'archive_')];
    const documents = iamDocuments({ ...REQUEST, tables });
    expect(documents.policies).toHaveLength(1);
    expect(statementsOf(documents)).toMatchObject({ Scan: [['dynamodb:Scan'], [`${ARN}archive_*`, `${ARN}prod-*`]] });
    expect(documents.notes.join('\n')).toContain('shortened to prefixes');
  });

  test('without common prefixes become all tables', () => {
    const tables = Array.from({ length: 3_000 }, (_, n) => table(`${'abc'.repeat(20)}${n}-x`));
    const documents = iamDocuments({ ...REQUEST, tables });
    expect(documents.policies.length).toBeLessThanOrEqual(10);
    expect(statementsOf(documents)).toMatchObject({ Scan: [['dynamodb:Scan'], [`${ARN}*`]] });
  });
});

test('the trust policy asks for the external id of this source', () => {
  expect(iamDocuments(REQUEST).trustPolicy.Statement).toEqual([
    {
      Sid: 'AssumeWithExternalId',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111111111111:root' },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': REQUEST.externalId } },
    },
  ]);
});

test('what is not known is a placeholder with a note', () => {
  const documents = iamDocuments({ ...REQUEST, accountId: null, trustedPrincipal: null });
  expect(documents.roleArn).toContain('::YOUR_ACCOUNT_ID:');
  expect(documents.trustedPrincipal).toBe('arn:aws:iam::ACCOUNT_ID_THAT_RUNS_TRIBUTARY:root');
  expect(documents.notes.filter((note) => note.startsWith('Replace'))).toHaveLength(2);
});

test('the notes speak of the actions that the policy has', () => {
  const notesOf = (method: PolicyTable['method']): string =>
    iamDocuments({ ...REQUEST, tables: [table('orders', method)] }).notes.join('\n');
  expect(notesOf('FULL_TABLE')).not.toContain('Streams');
  expect(notesOf('LOG_BASED')).toContain('The statement Streams is for the tables that are LOG_BASED');
});

test('no action is allowed that Tributary does not call', () => {
  const actions = iamDocuments(REQUEST).policies.flatMap(({ document }) =>
    document.Statement.flatMap(({ Action: action }) => action),
  );
  expect(actions.toSorted()).toEqual(
    [
      ...['DescribeContinuousBackups', 'DescribeStream', 'DescribeTable', 'DescribeTimeToLive', 'GetRecords'],
      ...['GetShardIterator', 'ListTables', 'Scan'],
    ].map((action) => `dynamodb:${action}`),
  );
});

test('the same request gives the same documents', () => {
  expect(iamDocuments(REQUEST)).toEqual(iamDocuments({ ...REQUEST }));
});

describe('the ready forms', () => {
  const documents = iamDocuments({ ...REQUEST, tables: [table('orders', 'LOG_BASED'), table('orders/by-date')] });

  test('the shell commands are valid and carry both documents', () => {
    execFileSync('bash', ['-n'], { input: documents.awsCli });
    const written = [...documents.awsCli.matchAll(/<<'JSON'\n([\s\S]*?)\nJSON/g)].map(([, text]) =>
      JSON.parse(text ?? ''),
    );
    expect(written).toEqual([documents.trustPolicy, ...documents.policies.map(({ document }) => document)]);
  });

  test('the CloudFormation template carries both documents', () => {
    const { Resources: resources } = JSON.parse(documents.cloudFormation);
    expect(resources.ReaderRole.Properties.AssumeRolePolicyDocument).toEqual(documents.trustPolicy);
    expect(resources.ReadPolicy1.Properties.PolicyDocument).toEqual(documents.policies[0]?.document);
  });

  test('the Terraform module carries both documents and no interpolation', () => {
    const written = [...documents.terraform.matchAll(/<<-JSON\n([\s\S]*?)\n {2}JSON/g)].map(([, t]) =>
      JSON.parse(t ?? ''),
    );
    expect(written).toEqual([documents.trustPolicy, ...documents.policies.map(({ document }) => document)]);
    expect(documents.terraform).not.toContain('${');
  });

  test('the console steps name account, external id, policy and role', () => {
    const steps = documents.consoleSteps.join('\n');
    for (const part of ['111111111111', REQUEST.externalId, documents.roleName, `${documents.roleName}-read`]) {
      expect(steps).toContain(part);
    }
  });
});
