import type { Account } from './account.ts';
import { type Attributes, attributesJson, parseAttributes } from './attribute-value.ts';
import { consumedCapacity, readUnits } from './capacity.ts';
import { parseAttributeNames } from './document-path.ts';
import { attributesOf, type Entry } from './entry.ts';
import { indexKeyPosition, projectedNames } from './index-entries.ts';
import { checkKeyValue, type Position, positionOf, type ScanSegment, segmentOf, segmentStart } from './key-position.ts';
import { indexAfter, segmentRange } from './ordered-entries.ts';
import { checkKeyPathsScalar, type Projection, parseProjection, projectionOf } from './projection.ts';
import {
  type Fields,
  listOfTexts,
  optionalFields,
  optionalFlag,
  optionalInteger,
  optionalText,
  optionalTextMap,
} from './request-fields.ts';
import { validationError } from './service-error.ts';
import { pick, type Table } from './table.ts';
import type { IndexDefinition } from './table-definition.ts';

/** A page ends with the item that brings the size of what was read to 1 MB or more. */
const PAGE_BYTES = 1024 * 1024;
const MAX_TOTAL_SEGMENTS = 1_000_000;

export interface ScanPage {
  readonly body: string;
  readonly itemCount: number;
  readonly lastEvaluatedKey: string | null;
}

interface ScanRequest {
  readonly table: Table;
  readonly index: IndexDefinition | null;
  readonly segment: ScanSegment;
  readonly limit: number;
  readonly consistent: boolean;
  readonly projection: Projection | null;
  readonly countOnly: boolean;
  readonly startAfter: Position | null;
  readonly capacityMode: string | undefined;
}

/**
 * Answers a Scan. `empty`: the page has no items and still a LastEvaluatedKey, as a page of the real service may be
 * whose items were all deleted or filtered out.
 */
export function scan(account: Account, request: Fields, { empty }: { readonly empty: boolean }): ScanPage {
  const checked = parseScan(account, request);
  const { table, index, segment } = checked;
  const resource = index?.kind === 'global' ? `${table.definition.name}/${index.name}` : table.definition.name;
  const throughput = index?.kind === 'global' ? index.throughput : table.definition.throughput;
  account.capacity.admit(resource, 'readUnits', throughput);

  const entries = table.entries(index);
  const { from, to } = segmentRange(entries, segment);
  const first = checked.startAfter === null ? from : indexAfter(entries, checked.startAfter);
  const page = empty ? { count: 0, bytes: 0 } : measurePage(entries, { first, to, limit: checked.limit });
  const end = first + page.count;
  // A page that ended by its limit has a key even where nothing follows: DynamoDB does not look ahead.
  const lastEvaluatedKey = empty
    ? emptyPageKey(checked)
    : page.bytes >= PAGE_BYTES || page.count >= checked.limit
      ? keyOf(entries[end - 1], checked)
      : null;

  const units = readUnits(page.bytes, checked.consistent);
  account.capacity.charge(resource, 'readUnits', units);
  const capacity = consumedCapacity(checked.capacityMode, { table: table.definition.name, units, index });
  const members = [
    ...(checked.countOnly ? [] : [`"Items":[${itemsJson(entries.slice(first, end), checked.projection)}]`]),
    `"Count":${page.count}`,
    `"ScannedCount":${page.count}`,
    ...(lastEvaluatedKey === null ? [] : [`"LastEvaluatedKey":${lastEvaluatedKey}`]),
    ...(capacity === undefined ? [] : [`"ConsumedCapacity":${JSON.stringify(capacity)}`]),
  ];
  return { body: `{${members.join(',')}}`, itemCount: page.count, lastEvaluatedKey };
}

function parseScan(account: Account, request: Fields): ScanRequest {
  const names = parseAttributeNames(
    optionalTextMap(request, 'ExpressionAttributeNames'),
    optionalText(request, 'ProjectionExpression') !== undefined,
  );
  const limit = optionalInteger(request, 'Limit') ?? Number.MAX_SAFE_INTEGER;
  if (limit < 1) throw validationError('Limit must be greater than or equal to 1');
  const segment = parseSegment(request);
  const expression = optionalText(request, 'ProjectionExpression');
  const attributesToGet = listOfTexts(request, 'AttributesToGet');
  if (expression !== undefined && attributesToGet.length > 0) {
    throw validationError(
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}',
    );
  }
  const parsed = expression === undefined ? null : parseProjection(expression, names);
  names.checkAllUsed();
  const projection =
    attributesToGet.length > 0 ? projectionOf(attributesToGet.map((attribute) => [attribute])) : parsed;
  const table = account.usableTable(optionalText(request, 'TableName'));
  const index = indexOf(table, optionalText(request, 'IndexName'));
  const consistent = optionalFlag(request, 'ConsistentRead') ?? false;
  if (consistent && index?.kind === 'global') {
    throw validationError('Consistent read cannot be true when scanning a GSI');
  }
  const select = optionalText(request, 'Select');
  checkSelect(select, { index, projection });
  if (projection !== null) checkProjected(projection, { table, index });
  return {
    table,
    index,
    segment,
    limit,
    consistent,
    projection,
    countOnly: select === 'COUNT',
    startAfter: parseStartKey(request, { table, index, segment }),
    capacityMode: optionalText(request, 'ReturnConsumedCapacity'),
  };
}

function parseSegment(request: Fields): ScanSegment {
  const segment = optionalInteger(request, 'Segment');
  const totalSegments = optionalInteger(request, 'TotalSegments');
  if (segment === undefined && totalSegments === undefined) return { segment: 0, totalSegments: 1 };
  if (segment === undefined) {
    throw validationError(
      'If total segments is specified, a particular segment must also be specified for this request',
    );
  }
  if (totalSegments === undefined) {
    throw validationError('If segment is specified, total segment must also be specified');
  }
  if (totalSegments > MAX_TOTAL_SEGMENTS) {
    throw outOfRange('totalSegments', totalSegments, MAX_TOTAL_SEGMENTS);
  }
  if (segment < 0 || segment >= totalSegments) throw outOfRange('segment', segment, totalSegments - 1);
  return { segment, totalSegments };
}

function outOfRange(field: string, value: number, max: number): Error {
  return validationError(
    `1 validation error detected: Value '${value}' at '${field}' failed to satisfy constraint: Member must have value less than or equal to ${max}`,
  );
}

function indexOf(table: Table, name: string | undefined): IndexDefinition | null {
  if (name === undefined) return null;
  const index = table.definition.indexes.find((candidate) => candidate.name === name);
  if (index === undefined) throw validationError(`The table does not have the specified index: ${name}`);
  return index;
}

function checkSelect(
  select: string | undefined,
  { index, projection }: Pick<ScanRequest, 'index' | 'projection'>,
): void {
  if (select === 'ALL_PROJECTED_ATTRIBUTES' && index === null) {
    throw validationError('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
  }
  if (select === 'SPECIFIC_ATTRIBUTES' && projection === null) {
    throw validationError(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
  if (select === 'ALL_ATTRIBUTES' && index?.kind === 'global' && index.projection !== 'ALL') {
    throw validationError(
      `One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`,
    );
  }
  if (select === 'COUNT' && projection !== null) {
    throw validationError('Cannot specify the ProjectionExpression when choosing to get only the Count');
  }
}

function checkProjected(projection: Projection, { table, index }: Pick<ScanRequest, 'table' | 'index'>): void {
  const { key } = table.definition;
  checkKeyPathsScalar(projection, index === null ? [key] : [key, index.key]);
  // A local index fetches what it does not hold from the table; a global one refuses.
  const held = index?.kind === 'global' ? projectedNames(index, key) : null;
  const missing = held === null ? [] : projection.attributes.filter((name) => !held.has(name));
  if (missing.length > 0) {
    throw validationError(
      `One or more parameter values were invalid: Global secondary index ${index?.name} does not project [${missing.join(', ')}]`,
    );
  }
}

function parseStartKey(
  request: Fields,
  { table, index, segment }: Pick<ScanRequest, 'table' | 'index' | 'segment'>,
): Position | null {
  const fields = optionalFields(request, 'ExclusiveStartKey');
  if (fields === undefined) return null;
  const key = parseAttributes(fields);
  const schema = keyAttributes(table, index);
  if (key.size !== schema.length) {
    throw validationError("Exclusive Start Key must have same size as table's key schema");
  }
  for (const attribute of schema) {
    const value = key.get(attribute.name);
    if (value === undefined) throw validationError('The provided starting key is invalid');
    checkKeyValue(value, attribute, 'Type mismatch for key');
  }
  const position =
    table.virtualKeys.get(attributesJson(key)) ??
    (index === null ? positionOf(key, table.definition.key) : indexKeyPosition(key, index, table.definition.key));
  if (position === null) throw validationError('The provided starting key is invalid');
  if (segmentOf(position, segment.totalSegments) !== segment.segment) {
    throw validationError('Exclusive start key must lie within the segment');
  }
  return position;
}

/** The attributes of a start key: those of the index, then those of the table that the index key lacks. */
function keyAttributes(table: Table, index: IndexDefinition | null) {
  const tableKey = table.definition.key;
  if (index === null) return tableKey;
  const indexNames: ReadonlySet<string> = new Set(index.key.map(({ name }) => name));
  return [...index.key, ...tableKey.filter(({ name }) => !indexNames.has(name))];
}

function measurePage(
  entries: readonly Entry[],
  { first, to, limit }: { readonly first: number; readonly to: number; readonly limit: number },
): { readonly count: number; readonly bytes: number } {
  let bytes = 0;
  let count = 0;
  for (let entry = entries[first]; entry !== undefined && first + count < to; entry = entries[first + count]) {
    bytes += entry.sizeBytes;
    count++;
    if (bytes >= PAGE_BYTES || count >= limit) break;
  }
  return { count, bytes };
}

function keyOf(entry: Entry | undefined, { table, index }: Pick<ScanRequest, 'table' | 'index'>): string | null {
  if (entry === undefined) return null;
  const names = keyAttributes(table, index).map(({ name }) => name);
  return attributesJson(pick(attributesOf(entry), names));
}

/** A key that no item has, remembered with the position that it stands for: where the page began. */
function emptyPageKey({ table, index, segment, startAfter }: ScanRequest): string {
  const number = table.virtualKeys.size + 1;
  const key: Attributes = new Map(
    keyAttributes(table, index).map(({ name, type }) => {
      const text = type === 'N' ? String(-number) : Buffer.from(`empty page ${number}`).toString('base64');
      return [name, { type, text }];
    }),
  );
  const json = attributesJson(key);
  table.virtualKeys.set(json, startAfter ?? segmentStart(segment));
  return json;
}

function itemsJson(entries: readonly Entry[], projection: Projection | null): string {
  if (projection === null) return entries.map((entry) => entry.json).join(',');
  return entries.map((entry) => attributesJson(projection.apply(attributesOf(entry)))).join(',');
}
