import type { Account } from './account.ts';
import { type Attributes, attributesJson, attributesSizeBytes, parseAttributes } from './attribute-value.ts';
import { consumedCapacity, readUnits, writeUnits } from './capacity.ts';
import { parseAttributeNames } from './document-path.ts';
import { parseProjection } from './projection.ts';
import {
  type Fields,
  fieldsOf,
  optionalFields,
  optionalFlag,
  optionalText,
  optionalTextMap,
  serializationError,
} from './request-fields.ts';
import { validationError } from './service-error.ts';
import type { Table, WriteResult } from './table.ts';
import { applyUpdate } from './update-expression.ts';

const MAX_BATCH_WRITES = 25;

export function putItem(account: Account, request: Fields): string {
  refuseConditions(request);
  const item = parseAttributes(required(request, 'Item'));
  const table = account.usableTable(optionalText(request, 'TableName'));
  return answerWrite(account, request, { table, write: () => table.put(item) });
}

export function deleteItem(account: Account, request: Fields): string {
  refuseConditions(request);
  const key = parseAttributes(required(request, 'Key'));
  const table = account.usableTable(optionalText(request, 'TableName'));
  return answerWrite(account, request, { table, write: () => table.delete(key) });
}

export function updateItem(account: Account, request: Fields): string {
  refuseConditions(request);
  const table = account.usableTable(optionalText(request, 'TableName'));
  const key = table.checkedKey(parseAttributes(required(request, 'Key')));
  return answerWrite(account, request, { table, write: () => applyUpdate(table, key, request) });
}

export function getItem(account: Account, request: Fields): string {
  const expression = optionalText(request, 'ProjectionExpression');
  const names = parseAttributeNames(optionalTextMap(request, 'ExpressionAttributeNames'), expression !== undefined);
  const projection = expression === undefined ? null : parseProjection(expression, names);
  names.checkAllUsed();
  const table = account.usableTable(optionalText(request, 'TableName'));
  const key = table.checkedKey(parseAttributes(required(request, 'Key')));
  const { name, throughput } = table.definition;
  account.capacity.admit(name, 'readUnits', throughput);
  const item = table.get(key);
  const units = readUnits(
    item === null ? 0 : attributesSizeBytes(item),
    optionalFlag(request, 'ConsistentRead') ?? false,
  );
  account.capacity.charge(name, 'readUnits', units);
  return answer({
    Item: item === null ? undefined : attributesJson(projection === null ? item : projection.apply(item)),
    ConsumedCapacity: capacityJson(request, { table, units }),
  });
}

export function batchWriteItem(account: Account, request: Fields): string {
  const byTable = Object.entries(optionalFields(request, 'RequestItems') ?? {});
  if (byTable.length === 0) throw validationError('BatchWriteItem cannot have a null or no requests set');
  const batches = byTable.map(([name, requests]) => {
    if (!Array.isArray(requests) || requests.length === 0) {
      throw validationError(`The batch write request list for a table cannot be null or empty: ${name}`);
    }
    return { name, writes: requests.map(parseBatchWrite) };
  });
  if (batches.reduce((count, { writes }) => count + writes.length, 0) > MAX_BATCH_WRITES) {
    throw validationError('Too many items requested for the BatchWriteItem call');
  }
  const prepared = batches.map(({ name, writes }) => {
    const table = account.usableTable(name);
    const keys = writes.map((write) => table.identityOf('put' in write ? write.put : write.delete));
    if (new Set(keys).size < keys.length) {
      throw validationError('Provided list of item keys contains duplicates');
    }
    return { table, writes };
  });
  const capacities = prepared.map(({ table, writes }) => {
    const { name, throughput } = table.definition;
    account.capacity.admit(name, 'writeUnits', throughput);
    let units = 0;
    for (const write of writes) {
      const { sizeBytes } = 'put' in write ? table.put(write.put) : table.delete(write.delete);
      units += writeUnits(sizeBytes);
    }
    account.capacity.charge(name, 'writeUnits', units);
    return capacityJson(request, { table, units });
  });
  const consumed = capacities.filter((capacity) => capacity !== undefined);
  return answer({
    UnprocessedItems: '{}',
    ConsumedCapacity: consumed.length === 0 ? undefined : `[${consumed.join(',')}]`,
  });
}

type BatchWrite = { readonly put: Attributes } | { readonly delete: Attributes };

function parseBatchWrite(request: unknown): BatchWrite {
  const fields = fieldsOf(request, 'WriteRequest');
  const put = optionalFields(fields, 'PutRequest');
  if (put !== undefined) return { put: parseAttributes(required(put, 'Item')) };
  return { delete: parseAttributes(required(fieldsOf(fields['DeleteRequest'], 'DeleteRequest'), 'Key')) };
}

function answerWrite(
  account: Account,
  request: Fields,
  { table, write }: { readonly table: Table; readonly write: () => WriteResult },
): string {
  const { name, throughput } = table.definition;
  account.capacity.admit(name, 'writeUnits', throughput);
  const result = write();
  const units = writeUnits(result.sizeBytes);
  account.capacity.charge(name, 'writeUnits', units);
  return answer({
    Attributes: returnedAttributes(optionalText(request, 'ReturnValues'), result),
    ConsumedCapacity: capacityJson(request, { table, units }),
  });
}

function returnedAttributes(mode: string | undefined, { before, after }: WriteResult): string | undefined {
  if (mode === 'ALL_OLD') return before ?? undefined;
  if (mode === 'ALL_NEW') return after ?? undefined;
  if (mode === undefined || mode === 'NONE') return undefined;
  throw validationError(`The simulator does not answer ReturnValues ${mode}`);
}

/** Silently ignoring a condition would make a test believe in it. */
function refuseConditions(request: Fields): void {
  for (const member of ['ConditionExpression', 'Expected', 'ConditionalOperator', 'AttributeUpdates']) {
    if (request[member] !== undefined) throw validationError(`The simulator does not evaluate ${member}`);
  }
}

function required(request: Fields, member: string): unknown {
  const value = request[member] ?? undefined;
  if (value === undefined) throw serializationError(`${member} is missing`);
  return value;
}

function capacityJson(
  request: Fields,
  { table, units }: { readonly table: Table; readonly units: number },
): string | undefined {
  const capacity = consumedCapacity(optionalText(request, 'ReturnConsumedCapacity'), {
    table: table.definition.name,
    units,
    index: null,
  });
  return capacity === undefined ? undefined : JSON.stringify(capacity);
}

/** Joins members whose values are JSON text already. */
function answer(members: Readonly<Record<string, string | undefined>>): string {
  const present = Object.entries(members).filter(([, json]) => json !== undefined);
  return `{${present.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}
