import type { Account } from './account.ts';
import type { Table } from './table.ts';
import type { IndexDefinition, KeySchema, Throughput } from './table-definition.ts';

/** The TableDescription that CreateTable, DescribeTable, UpdateTable and DeleteTable answer with. */
export function describeTable(account: Account, table: Table): object {
  const { definition } = table;
  const arn = account.tableArn(definition.name);
  const onDemand = definition.throughput === null;
  const global = definition.indexes.filter(({ kind }) => kind === 'global');
  const local = definition.indexes.filter(({ kind }) => kind === 'local');
  const { itemCount, sizeBytes } = table.reportedStatistics ?? table;
  return {
    AttributeDefinitions: [...definition.attributeTypes].map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    TableName: definition.name,
    KeySchema: describeKey(definition.key),
    TableStatus: table.status,
    CreationDateTime: table.createdAtMs / 1000,
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ...describeThroughput(definition.throughput) },
    TableSizeBytes: sizeBytes,
    ItemCount: itemCount,
    TableArn: arn,
    TableId: table.id,
    ...(onDemand
      ? {
          BillingModeSummary: {
            BillingMode: 'PAY_PER_REQUEST',
            LastUpdateToPayPerRequestDateTime: table.createdAtMs / 1000,
          },
        }
      : {}),
    ...(global.length > 0
      ? { GlobalSecondaryIndexes: global.map((index) => describeGlobalIndex(table, index, arn)) }
      : {}),
    ...(local.length > 0 ? { LocalSecondaryIndexes: local.map((index) => describeIndex(table, index, arn)) } : {}),
    ...(definition.stream === null
      ? {}
      : { StreamSpecification: { StreamEnabled: true, StreamViewType: definition.stream.viewType } }),
    ...(table.latestStream === null
      ? {}
      : { LatestStreamArn: table.latestStream.arn, LatestStreamLabel: table.latestStream.label }),
    DeletionProtectionEnabled: definition.deletionProtection,
  };
}

function describeKey(key: KeySchema): readonly object[] {
  return key.map(({ name }, index) => ({ AttributeName: name, KeyType: index === 0 ? 'HASH' : 'RANGE' }));
}

function describeThroughput(throughput: Throughput | null): object {
  return { ReadCapacityUnits: throughput?.readUnits ?? 0, WriteCapacityUnits: throughput?.writeUnits ?? 0 };
}

function describeIndex(table: Table, index: IndexDefinition, tableArn: string): object {
  const entries = table.entries(index);
  return {
    IndexName: index.name,
    KeySchema: describeKey(index.key),
    Projection: {
      ProjectionType: index.projection,
      ...(index.projection === 'INCLUDE' ? { NonKeyAttributes: index.includedAttributes } : {}),
    },
    IndexSizeBytes: entries.reduce((bytes, entry) => bytes + entry.sizeBytes, 0),
    ItemCount: entries.length,
    IndexArn: `${tableArn}/index/${index.name}`,
  };
}

function describeGlobalIndex(table: Table, index: IndexDefinition, tableArn: string): object {
  return {
    ...describeIndex(table, index, tableArn),
    IndexStatus: table.indexStatuses.get(index.name) ?? 'ACTIVE',
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ...describeThroughput(index.throughput) },
  };
}
