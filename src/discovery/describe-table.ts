import {
  type AttributeDefinition,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type GlobalSecondaryIndexDescription,
  type KeySchemaElement,
  type LocalSecondaryIndexDescription,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import type { Connection } from '../connection/clients.ts';
import { mapAwsError } from '../connection/errors.ts';
import type { ConnectionOptions } from '../model/connection-options.ts';
import type { KeyAttribute, TableKey } from '../model/table.ts';
import { TributaryError } from '../platform/errors.ts';
import type {
  CatalogIndex,
  CatalogStream,
  CatalogTable,
  PointInTimeRecovery,
  TimeToLive,
  UnknownSetting,
} from './catalog.ts';

/** DescribeTable. Free of charge. Rejects with a TributaryError: TABLE_NOT_FOUND, ACCESS_DENIED, … */
export async function describeTable(connection: Connection, table: string, signal: AbortSignal): Promise<CatalogTable> {
  try {
    const answer = await connection.dynamodb.send(new DescribeTableCommand({ TableName: table }), {
      abortSignal: signal,
    });
    return catalogTable(table, answer.Table ?? {}, connection.options);
  } catch (error) {
    throw mapAwsError(error, { action: 'dynamodb:DescribeTable', table, options: connection.options, signal });
  }
}

/** Needs dynamodb:DescribeTimeToLive; without it the state is `denied`, which is not an error. */
export async function describeTimeToLive(
  connection: Connection,
  table: string,
  signal: AbortSignal,
): Promise<TimeToLive> {
  try {
    const command = new DescribeTimeToLiveCommand({ TableName: table });
    const answer = await connection.dynamodb.send(command, { abortSignal: signal });
    const { TimeToLiveStatus: status, AttributeName: attribute } = answer.TimeToLiveDescription ?? {};
    const on = (status === 'ENABLED' || status === 'ENABLING') && attribute !== undefined;
    return on ? { state: 'on', attribute } : { state: 'off' };
  } catch (error) {
    return unknownBecause(error, { action: 'dynamodb:DescribeTimeToLive', table, connection, signal });
  }
}

/** Needs dynamodb:DescribeContinuousBackups; without it the state is `denied`, which is not an error. */
export async function describePointInTimeRecovery(
  connection: Connection,
  table: string,
  signal: AbortSignal,
): Promise<PointInTimeRecovery> {
  try {
    const command = new DescribeContinuousBackupsCommand({ TableName: table });
    const answer = await connection.dynamodb.send(command, { abortSignal: signal });
    const recovery = answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
    return { state: recovery?.PointInTimeRecoveryStatus === 'ENABLED' ? 'on' : 'off' };
  } catch (error) {
    return unknownBecause(error, { action: 'dynamodb:DescribeContinuousBackups', table, connection, signal });
  }
}

interface SettingCall {
  readonly action: string;
  readonly table: string;
  readonly connection: Connection;
  readonly signal: AbortSignal;
}

function unknownBecause(error: unknown, { action, table, connection, signal }: SettingCall): UnknownSetting {
  const mapped = mapAwsError(error, { action, table, options: connection.options, signal });
  if (mapped instanceof TributaryError) {
    if (mapped.code === 'ACCESS_DENIED') return { state: 'denied', reason: mapped.message };
    if (mapped.code === 'REQUEST_REFUSED') return { state: 'unsupported', reason: mapped.message };
  }
  throw mapped;
}

function catalogTable(
  name: string,
  description: TableDescription,
  { region, endpoint }: ConnectionOptions,
): CatalogTable {
  const { TableArn, TableId, TableStatus, CreationDateTime, ProvisionedThroughput, OnDemandThroughput } = description;
  const definitions = description.AttributeDefinitions ?? [];
  // Tables that never changed their mode have no summary: they are provisioned. DynamoDB Local has zeros for on-demand.
  const billingMode = description.BillingModeSummary?.BillingMode ?? 'PROVISIONED';
  const identity = TableId ?? CreationDateTime?.toISOString();
  if (identity === undefined) throw new TributaryError('ANSWER_CORRUPT', `The description of ${name} has no identity`);
  return {
    name,
    arn: TableArn ?? '',
    region,
    endpoint,
    identity,
    status: TableStatus ?? 'UNKNOWN',
    key: tableKey(name, keyAttributes(description.KeySchema, definitions)),
    itemCount: description.ItemCount ?? 0,
    sizeBytes: description.TableSizeBytes ?? 0,
    billingMode,
    provisionedReadUnits: billingMode === 'PROVISIONED' ? (ProvisionedThroughput?.ReadCapacityUnits ?? 0) : null,
    onDemandMaxReadUnits: positiveOrNull(OnDemandThroughput?.MaxReadRequestUnits),
    stream: catalogStream(description),
    indexes: [
      ...(description.GlobalSecondaryIndexes ?? []).map((index) => catalogIndex('global', index, definitions)),
      ...(description.LocalSecondaryIndexes ?? []).map((index) => catalogIndex('local', index, definitions)),
    ],
  };
}

function positiveOrNull(units: number | undefined): number | null {
  return units !== undefined && units > 0 ? units : null;
}

function catalogStream({ StreamSpecification, LatestStreamArn, LatestStreamLabel }: TableDescription): CatalogStream {
  return {
    enabled: StreamSpecification?.StreamEnabled ?? false,
    viewType: StreamSpecification?.StreamViewType ?? null,
    arn: LatestStreamArn ?? null,
    label: LatestStreamLabel ?? null,
  };
}

function catalogIndex(
  kind: CatalogIndex['kind'],
  index: GlobalSecondaryIndexDescription | LocalSecondaryIndexDescription,
  definitions: readonly AttributeDefinition[],
): CatalogIndex {
  const status = 'IndexStatus' in index ? index.IndexStatus : undefined;
  const provisioned = 'ProvisionedThroughput' in index ? index.ProvisionedThroughput?.ReadCapacityUnits : undefined;
  const onDemand = 'OnDemandThroughput' in index ? index.OnDemandThroughput?.MaxReadRequestUnits : undefined;
  return {
    name: index.IndexName ?? '',
    kind,
    status: status ?? 'ACTIVE',
    key: keyAttributes(index.KeySchema, definitions),
    itemCount: index.ItemCount ?? 0,
    sizeBytes: index.IndexSizeBytes ?? 0,
    provisionedReadUnits: positiveOrNull(provisioned),
    onDemandMaxReadUnits: positiveOrNull(onDemand),
    projectionType: index.Projection?.ProjectionType ?? 'ALL',
    includedAttributes: index.Projection?.NonKeyAttributes ?? [],
  };
}

function tableKey(table: string, attributes: readonly KeyAttribute[]): TableKey {
  const [hash, range] = attributes;
  if (hash === undefined) throw new TributaryError('ANSWER_CORRUPT', `The description of ${table} has no key`);
  return range === undefined ? [hash] : [hash, range];
}

/** Hash attributes come first in every key schema. */
function keyAttributes(
  schema: readonly KeySchemaElement[] | undefined,
  definitions: readonly AttributeDefinition[],
): KeyAttribute[] {
  const typeOf = new Map(definitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
  return (schema ?? []).flatMap(({ AttributeName: name }) => {
    const type = typeOf.get(name);
    return name === undefined || type === undefined ? [] : [{ name, type }];
  });
}
