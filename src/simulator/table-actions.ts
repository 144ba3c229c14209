import { type Account, tableNameOf } from './account.ts';
import {
  type Fields,
  fieldsOf,
  listOfFields,
  listOfTexts,
  optionalFields,
  optionalFlag,
  optionalInteger,
  optionalText,
} from './request-fields.ts';
import { validationError } from './service-error.ts';
import type { Table } from './table.ts';
import {
  type IndexDefinition,
  parseAttributeTypes,
  parseIndex,
  parseStream,
  parseTableDefinition,
  parseTags,
  parseThroughput,
  type StreamDefinition,
  type Throughput,
} from './table-definition.ts';
import { describeTable } from './table-description.ts';

const MAX_LIST_TABLES = 100;

export function listTables(account: Account, request: Fields): object {
  const limit = optionalInteger(request, 'Limit') ?? MAX_LIST_TABLES;
  if (limit < 1) throw validationError('Limit must be greater than or equal to 1');
  if (limit > MAX_LIST_TABLES) throw validationError('Limit in ListTables must be <= 100');
  const start = optionalText(request, 'ExclusiveStartTableName');
  const names = account.tableNames();
  const first = start === undefined ? 0 : firstBehind(names, tableNameOf(start));
  const page = names.slice(first, first + limit);
  const last = page.at(-1);
  return {
    TableNames: page,
    ...(first + limit < names.length && last !== undefined ? { LastEvaluatedTableName: last } : {}),
  };
}

function firstBehind(names: readonly string[], start: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') <= start) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function createTable(account: Account, request: Fields): object {
  const table = account.create(parseTableDefinition(request));
  return { TableDescription: describeTable(account, table) };
}

export function describe(account: Account, request: Fields): object {
  return { Table: describeTable(account, account.table(optionalText(request, 'TableName'))) };
}

export function deleteTable(account: Account, request: Fields): object {
  const table = account.drop(optionalText(request, 'TableName'));
  table.status = 'DELETING';
  return { TableDescription: describeTable(account, table) };
}

export function updateTable(account: Account, request: Fields): object {
  const table = account.table(optionalText(request, 'TableName'));
  const { definition } = table;
  const stream = updatedStream(request, table);
  const attributeTypes = new Map([...definition.attributeTypes, ...parseAttributeTypes(request)]);
  const throughput = updatedThroughput(request, definition.throughput);
  table.definition = {
    ...definition,
    throughput,
    attributeTypes,
    stream,
    indexes: updatedIndexes(request, {
      indexes: definition.indexes,
      attributeTypes,
      onDemand: throughput === null,
    }),
    deletionProtection: optionalFlag(request, 'DeletionProtectionEnabled') ?? definition.deletionProtection,
  };
  if (stream === null) table.stopStream();
  else if (definition.stream === null) table.startStream();
  return { TableDescription: describeTable(account, table) };
}

function updatedThroughput(request: Fields, current: Throughput | null): Throughput | null {
  if (optionalText(request, 'BillingMode') === 'PAY_PER_REQUEST') return null;
  const wanted = parseThroughput(request);
  if (wanted === null) return current;
  if (wanted.readUnits === current?.readUnits && wanted.writeUnits === current.writeUnits) {
    throw validationError('The requested throughput value equals the current value');
  }
  return wanted;
}

function updatedStream(request: Fields, table: Table): StreamDefinition | null {
  const current = table.definition.stream;
  if (optionalFields(request, 'StreamSpecification') === undefined) return current;
  const wanted = parseStream(request);
  if (wanted !== null && current !== null) throw validationError('Table already has an enabled stream');
  if (wanted === null && current === null) throw validationError('Table has no stream to disable');
  return wanted;
}

function updatedIndexes(
  request: Fields,
  current: Pick<Table['definition'], 'indexes' | 'attributeTypes'> & { readonly onDemand: boolean },
): readonly IndexDefinition[] {
  let indexes = current.indexes;
  for (const update of listOfFields(request, 'GlobalSecondaryIndexUpdates')) {
    const create = optionalFields(update, 'Create');
    const removed = optionalFields(update, 'Delete');
    if (create !== undefined) {
      const { attributeTypes, onDemand } = current;
      indexes = [...indexes, parseIndex(create, { kind: 'global', attributeTypes, onDemand })];
    }
    if (removed !== undefined) {
      const name = optionalText(removed, 'IndexName');
      indexes = indexes.filter((index) => index.name !== name);
    }
  }
  return indexes;
}

export function describeTimeToLive(account: Account, request: Fields): object {
  const { timeToLive } = account.table(optionalText(request, 'TableName'));
  return {
    TimeToLiveDescription:
      timeToLive === null
        ? { TimeToLiveStatus: 'DISABLED' }
        : { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive.attribute },
  };
}

export function updateTimeToLive(account: Account, request: Fields): object {
  const table = account.table(optionalText(request, 'TableName'));
  const wanted = fieldsOf(request['TimeToLiveSpecification'], 'TimeToLiveSpecification');
  const enabled = optionalFlag(wanted, 'Enabled') ?? false;
  const attribute = optionalText(wanted, 'AttributeName') ?? '';
  if (enabled === (table.timeToLive !== null)) {
    throw validationError(`TimeToLive is already ${enabled ? 'enabled' : 'disabled'}`);
  }
  table.timeToLive = enabled ? { attribute } : null;
  return { TimeToLiveSpecification: { Enabled: enabled, AttributeName: attribute } };
}

export function describeContinuousBackups(account: Account, request: Fields): object {
  return { ContinuousBackupsDescription: backupsOf(account.table(optionalText(request, 'TableName')), account) };
}

export function updateContinuousBackups(account: Account, request: Fields): object {
  const table = account.table(optionalText(request, 'TableName'));
  const wanted = fieldsOf(request['PointInTimeRecoverySpecification'], 'PointInTimeRecoverySpecification');
  table.pointInTimeRecovery = optionalFlag(wanted, 'PointInTimeRecoveryEnabled') ?? false;
  return { ContinuousBackupsDescription: backupsOf(table, account) };
}

/** Recovery reaches back to 35 days ago, and ends about five minutes before now. */
const RECOVERY_PERIOD_DAYS = 35;
const RECOVERY_LAG_MS = 5 * 60 * 1000;

function backupsOf(table: Table, account: Account): object {
  const latestMs = account.clock.now() - RECOVERY_LAG_MS;
  return {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: table.pointInTimeRecovery
      ? {
          PointInTimeRecoveryStatus: 'ENABLED',
          RecoveryPeriodInDays: RECOVERY_PERIOD_DAYS,
          EarliestRestorableDateTime: table.createdAtMs / 1000,
          LatestRestorableDateTime: Math.max(table.createdAtMs, latestMs) / 1000,
        }
      : { PointInTimeRecoveryStatus: 'DISABLED' },
  };
}

export function describeLimits(): object {
  return {
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  };
}

export function listTagsOfResource(account: Account, request: Fields): object {
  const { tags } = account.table(optionalText(request, 'ResourceArn')).definition;
  return { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) };
}

export function tagResource(account: Account, request: Fields): object {
  const table = account.table(optionalText(request, 'ResourceArn'));
  table.definition = { ...table.definition, tags: new Map([...table.definition.tags, ...parseTags(request)]) };
  return {};
}

export function untagResource(account: Account, request: Fields): object {
  const table = account.table(optionalText(request, 'ResourceArn'));
  const removed: ReadonlySet<string> = new Set(listOfTexts(request, 'TagKeys'));
  table.definition = {
    ...table.definition,
    tags: new Map([...table.definition.tags].filter(([key]) => !removed.has(key))),
  };
  return {};
}
