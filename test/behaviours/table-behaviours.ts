import {
  BatchWriteItemCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeLimitsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import {
  type Behaviour,
  both,
  compositeKey,
  createTable,
  put,
  refusal,
  type Subject,
  scan,
  simulatorOnly,
} from './behaviour.ts';

async function describe({ client }: Subject, table: string): Promise<TableDescription | undefined> {
  return (await client.send(new DescribeTableCommand({ TableName: table }))).Table;
}

async function tableNames({ client }: Subject): Promise<string[]> {
  const names: string[] = [];
  let start: string | undefined;
  do {
    const page = await client.send(new ListTablesCommand({ ExclusiveStartTableName: start }));
    expect(page.TableNames?.length).toBeLessThanOrEqual(100);
    names.push(...(page.TableNames ?? []));
    start = page.LastEvaluatedTableName;
  } while (start !== undefined);
  return names;
}

const update = (
  { client }: Subject,
  table: string,
  expression: string,
  values: Record<string, { S: string } | { N: string }>,
) =>
  client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { pk: { S: 'a' } },
      UpdateExpression: expression,
      ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
      ReturnValues: 'ALL_NEW',
    }),
  );

export const TABLE_BEHAVIOURS: readonly Behaviour[] = [
  both('describes key, types, status, size and count of a table', async (subject) => {
    const table = await createTable(subject, compositeKey());
    await put(
      subject,
      table,
      { pk: { S: 'a' }, sk: { N: '1' } },
      { pk: { S: 'b' }, sk: { N: '1234567' }, v: { S: 'é' } },
    );
    const described = await describe(subject, table);
    expect(described).toMatchObject({ TableName: table, TableStatus: 'ACTIVE', ...compositeKey() });
    // 2 + 1 + 2 + 2, and 2 + 1 + 2 + 5 + 1 + 2.
    expect([described?.ItemCount, described?.TableSizeBytes]).toEqual([2, 20]);
    expect(described?.CreationDateTime).toBeInstanceOf(Date);
    expect(described?.TableArn).toMatch(new RegExp(`^arn:aws:dynamodb:[^:]+:\\d{12}:table/${table}$`));
  }),
  both('describes an on-demand table', async (subject) => {
    const described = await describe(subject, await createTable(subject));
    expect(described?.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST');
    expect(described?.ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 0, WriteCapacityUnits: 0 });
  }),
  both('describes a provisioned table', async (subject) => {
    const throughput = { ReadCapacityUnits: 7, WriteCapacityUnits: 3 };
    const described = await describe(subject, await createTable(subject, { ProvisionedThroughput: throughput }));
    expect(described?.ProvisionedThroughput).toMatchObject(throughput);
    expect(described?.BillingModeSummary?.BillingMode ?? 'PROVISIONED').toBe('PROVISIONED');
  }),
  both('describes the stream of a table', async (subject) => {
    const table = await createTable(subject, {
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    const described = await describe(subject, table);
    expect(described?.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' });
    expect(described?.LatestStreamArn).toBe(`${described?.TableArn}/stream/${described?.LatestStreamLabel}`);
  }),
  both('keeps the stream ARN after the stream was disabled', async (subject) => {
    const table = await createTable(subject, {
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    });
    await subject.client.send(
      new UpdateTableCommand({ TableName: table, StreamSpecification: { StreamEnabled: false } }),
    );
    const described = await describe(subject, table);
    expect([described?.StreamSpecification, typeof described?.LatestStreamArn]).toEqual([undefined, 'string']);
  }),
  both('lists tables in order of their names', async (subject) => {
    for (const name of ['list-b', 'list-a', 'List-c']) await createTable(subject, { TableName: name });
    const names = await tableNames(subject);
    expect(names.filter((name) => /^list-/i.test(name))).toEqual(['List-c', 'list-a', 'list-b']);
  }),
  both('pages ListTables by Limit, also from a name that does not exist', async (subject) => {
    for (const name of ['page-a', 'page-b', 'page-c']) await createTable(subject, { TableName: name });
    const first = await subject.client.send(new ListTablesCommand({ ExclusiveStartTableName: 'page', Limit: 2 }));
    expect([first.TableNames, first.LastEvaluatedTableName]).toEqual([['page-a', 'page-b'], 'page-b']);
  }),
  both('refuses a Limit of ListTables above 100', async (subject) => {
    expect(await refusal(subject.client.send(new ListTablesCommand({ Limit: 101 })))).toContain('ValidationException');
  }),
  both('refuses a table that does not exist, in every action', async (subject) => {
    const TableName = 'never-created';
    const Key = { pk: { S: 'a' } };
    const requests = [
      () => describe(subject, TableName),
      () => scan(subject, TableName),
      () => put(subject, TableName, Key),
      () => subject.client.send(new GetItemCommand({ TableName, Key })),
      () => subject.client.send(new DeleteTableCommand({ TableName })),
    ];
    for (const request of requests) expect(await refusal(request())).toMatch(/^ResourceNotFoundException: /);
  }),
  both('refuses a second table of the same name', async (subject) => {
    const table = await createTable(subject);
    expect(await refusal(createTable(subject, { TableName: table }))).toMatch(/^ResourceInUseException: /);
  }),
  both('refuses names that are too short or have other characters', async (subject) => {
    for (const name of ['ab', 'täbelle', 'a b c', 'x'.repeat(256)]) {
      expect(await refusal(createTable(subject, { TableName: name })), name).toMatch(/^ValidationException: /);
    }
    await createTable(subject, { TableName: 'a.B-c_9' });
  }),
  ...Object.entries<Partial<CreateTableCommandInput>>({
    'without a type for its key': { AttributeDefinitions: [{ AttributeName: 'other', AttributeType: 'S' }] },
    'with a type for an attribute that is in no key': {
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'x', AttributeType: 'S' },
      ],
    },
    'without a hash key': { KeySchema: [{ AttributeName: 'pk', KeyType: 'RANGE' }] },
    'provisioned without throughput': { BillingMode: 'PROVISIONED' },
  }).map(([name, input]) =>
    both(`refuses a table ${name}`, async (subject) => {
      expect(await refusal(createTable(subject, input))).toMatch(/^ValidationException: /);
    }),
  ),
  both('refuses items without key, with a mistyped key or an empty key', async (subject) => {
    const table = await createTable(subject, compositeKey());
    const problems = [
      [{ pk: { S: 'a' } }, 'One of the required keys was not given a value'],
      [{ pk: { N: '1' }, sk: { N: '1' } }, 'Type mismatch for key'],
      [{ pk: { S: '' }, sk: { N: '1' } }, 'cannot contain an empty string value. Key: pk'],
    ] as const;
    for (const [item, problem] of problems) expect(await refusal(put(subject, table, item))).toContain(problem);
  }),
  both('refuses a hash key of more than 2048 bytes', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, { pk: { S: 'x'.repeat(2048) } });
    expect(await refusal(put(subject, table, { pk: { S: 'x'.repeat(2049) } }))).toMatch(/^ValidationException: /);
  }),
  both('treats equal numbers as one key', async (subject) => {
    const table = await createTable(subject, compositeKey());
    for (const N of ['1', '1.0', '1E0', '+01']) await put(subject, table, { pk: { S: 'a' }, sk: { N } });
    expect((await scan(subject, table)).Items).toEqual([{ pk: { S: 'a' }, sk: { N: '1' } }]);
  }),
  both('gets an item by its key, and nothing for a key that is not there', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, { pk: { S: 'a' }, x: { N: '1' } });
    const get = (S: string) => subject.client.send(new GetItemCommand({ TableName: table, Key: { pk: { S } } }));
    expect([(await get('a')).Item, (await get('b')).Item]).toEqual([{ pk: { S: 'a' }, x: { N: '1' } }, undefined]);
  }),
  both('replaces an item that is put again and forgets one that is deleted', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, { pk: { S: 'a' }, x: { N: '1' } }, { pk: { S: 'a' }, y: { N: '2' } }, { pk: { S: 'b' } });
    const command = new DeleteItemCommand({ TableName: table, Key: { pk: { S: 'b' } }, ReturnValues: 'ALL_OLD' });
    expect((await subject.client.send(command)).Attributes).toEqual({ pk: { S: 'b' } });
    expect((await scan(subject, table)).Items).toEqual([{ pk: { S: 'a' }, y: { N: '2' } }]);
  }),
  both('updates with SET, arithmetic, if_not_exists and REMOVE', async (subject) => {
    const table = await createTable(subject);
    const values = { ':one': { N: '1' }, ':s': { S: 'new' }, ':frac': { N: '0.25' } };
    await put(subject, table, {
      pk: { S: 'a' },
      n: { N: '99999999999999999999999999999999999.5' },
      m: { M: { keep: { S: 'k' }, gone: { S: 'd' } } },
      l: { L: [{ S: '0' }, { S: '1' }, { S: '2' }] },
    });
    const { Attributes } = await update(
      subject,
      table,
      'SET n = n + :frac, c = if_not_exists(c, :one), m.added = :s REMOVE m.gone, l[0], l[2]',
      values,
    );
    expect(Attributes).toEqual({
      pk: { S: 'a' },
      n: { N: '99999999999999999999999999999999999.75' },
      c: { N: '1' },
      m: { M: { keep: { S: 'k' }, added: { S: 'new' } } },
      l: { L: [{ S: '1' }] },
    });
  }),
  both('creates the item that an update does not find', async (subject) => {
    const table = await createTable(subject);
    const { Attributes } = await update(subject, table, 'SET x = :v', { ':v': { N: '1' } });
    expect(Attributes).toEqual({ pk: { S: 'a' }, x: { N: '1' } });
  }),
  both('refuses updates of the key, of missing paths, of undefined and unused values', async (subject) => {
    const table = await createTable(subject);
    const v = { ':v': { N: '1' } };
    const problems = [
      ['SET pk = :v', v, 'This attribute is part of the key'],
      ['SET q.y = :v', v, 'document path provided in the update expression is invalid'],
      ['SET x = :w', {}, 'attribute value: :w'],
      ['SET x = :v', { ...v, ':w': { N: '2' } }, 'unused in expressions: keys: {:w}'],
      ['SET x :v', v, 'Syntax error; token: ":v", near: "x :v"'],
      ['', {}, 'The expression can not be empty'],
    ] as const;
    for (const [expression, values, problem] of problems) {
      expect(await refusal(update(subject, table, expression, values)), expression).toContain(problem);
    }
  }),
  both('writes and deletes 25 items in a batch and refuses 26', async (subject) => {
    const table = await createTable(subject);
    const puts = Array.from({ length: 26 }, (_, index) => ({ PutRequest: { Item: { pk: { S: `k${index}` } } } }));
    const write = (requests: readonly object[]) =>
      subject.client.send(new BatchWriteItemCommand({ RequestItems: { [table]: [...requests] } }));
    expect((await write(puts.slice(0, 25))).UnprocessedItems).toEqual({});
    await write([{ DeleteRequest: { Key: { pk: { S: 'k0' } } } }]);
    expect((await scan(subject, table)).Count).toBe(24);
    expect(await refusal(write(puts))).toContain('Too many items requested for the BatchWriteItem call');
  }),
  both('refuses a batch that names a key twice, and writes nothing of it', async (subject) => {
    const table = await createTable(subject);
    const request = { PutRequest: { Item: { pk: { S: 'a' } } } };
    const batch = new BatchWriteItemCommand({ RequestItems: { [table]: [request, request] } });
    expect(await refusal(subject.client.send(batch))).toContain('contains duplicates');
    expect((await scan(subject, table)).Count).toBe(0);
  }),
  both('describes time to live, off and on', async (subject) => {
    const table = await createTable(subject);
    const ttl = async () =>
      (await subject.client.send(new DescribeTimeToLiveCommand({ TableName: table }))).TimeToLiveDescription;
    expect(await ttl()).toEqual({ TimeToLiveStatus: 'DISABLED' });
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires' };
    await subject.client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }));
    expect(await ttl()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
  }),
  both('describes the limits of the account', async (subject) => {
    const limits = await subject.client.send(new DescribeLimitsCommand({}));
    expect(limits).toMatchObject({ AccountMaxReadCapacityUnits: 80_000, TableMaxReadCapacityUnits: 40_000 });
  }),
  both('changes the throughput of a table and refuses the same figures again', async (subject) => {
    const table = await createTable(subject, {
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    });
    const change = () =>
      subject.client.send(
        new UpdateTableCommand({
          TableName: table,
          ProvisionedThroughput: { ReadCapacityUnits: 9, WriteCapacityUnits: 8 },
        }),
      );
    await change();
    expect((await describe(subject, table))?.ProvisionedThroughput?.ReadCapacityUnits).toBe(9);
    expect(await refusal(change())).toMatch(/^ValidationException: /);
  }),
  both('deletes a table, but not a protected one', async (subject) => {
    const table = await createTable(subject, { DeletionProtectionEnabled: true });
    const remove = () => subject.client.send(new DeleteTableCommand({ TableName: table }));
    expect(await refusal(remove())).toContain('protected against deletion');
    await subject.client.send(new UpdateTableCommand({ TableName: table, DeletionProtectionEnabled: false }));
    await remove();
    expect(await refusal(describe(subject, table))).toMatch(/^ResourceNotFoundException: /);
  }),
  simulatorOnly('many tables', 'lists 12,000 tables in pages of 100', async (subject) => {
    const names = Array.from({ length: 12_000 }, (_, index) => `many-${String(index).padStart(5, '0')}`);
    const KeySchema = [{ AttributeName: 'pk', KeyType: 'HASH' }];
    const AttributeDefinitions = [{ AttributeName: 'pk', AttributeType: 'S' }];
    for (const TableName of names) {
      const BillingMode = 'PAY_PER_REQUEST';
      subject.simulator.tables.create({ TableName, KeySchema, AttributeDefinitions, BillingMode });
    }
    expect((await tableNames(subject)).filter((name) => name.startsWith('many-'))).toEqual(names);
  }),
  simulatorOnly('table ARN', 'takes the ARN of a table for its name', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, { pk: { S: 'a' } });
    const arn = (await describe(subject, table))?.TableArn ?? '';
    expect((await scan(subject, arn)).Count).toBe(1);
  }),
  simulatorOnly('table id', 'gives a table that is created again another id', async (subject) => {
    const table = await createTable(subject);
    const first = (await describe(subject, table))?.TableId;
    const deleted = await subject.client.send(new DeleteTableCommand({ TableName: table }));
    expect(deleted.TableDescription?.TableStatus).toBe('DELETING');
    await createTable(subject, { TableName: table });
    const second = (await describe(subject, table))?.TableId;
    expect(first).toMatch(/^[0-9a-f]{8}-/);
    expect(second).not.toBe(first);
  }),
  simulatorOnly('tags', 'lists the tags of a table', async (subject) => {
    const table = await createTable(subject, { Tags: [{ Key: 'team', Value: 'shop' }] });
    const ResourceArn = (await describe(subject, table))?.TableArn;
    const { Tags } = await subject.client.send(new ListTagsOfResourceCommand({ ResourceArn }));
    expect(Tags).toEqual([{ Key: 'team', Value: 'shop' }]);
  }),
  simulatorOnly('continuous backups', 'describes point-in-time recovery, off and on', async (subject) => {
    const TableName = await createTable(subject);
    const status = async () => {
      const answer = await subject.client.send(new DescribeContinuousBackupsCommand({ TableName }));
      return answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
    };
    expect(await status()).toBe('DISABLED');
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await subject.client.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
    expect(await status()).toBe('ENABLED');
  }),
  simulatorOnly('on-demand throughput', 'refuses throughput for an on-demand table', async (subject) => {
    const input = {
      BillingMode: 'PAY_PER_REQUEST' as const,
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    };
    expect(await refusal(createTable(subject, input))).toContain('when BillingMode is PAY_PER_REQUEST');
  }),
  simulatorOnly('table statistics', 'reports stale statistics where a test sets them', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, { pk: { S: 'a' } });
    subject.simulator.tables.reportStatistics(table, { itemCount: 5_000_000, sizeBytes: 2 ** 40 });
    const described = await describe(subject, table);
    expect([described?.ItemCount, described?.TableSizeBytes]).toEqual([5_000_000, 2 ** 40]);
  }),
  simulatorOnly('table status', 'refuses to scan a table that is being created, and describes it', async (subject) => {
    const table = await createTable(subject);
    subject.simulator.tables.setStatus(table, 'CREATING');
    expect((await describe(subject, table))?.TableStatus).toBe('CREATING');
    expect(await refusal(scan(subject, table))).toMatch(/^ResourceNotFoundException: /);
  }),
];
