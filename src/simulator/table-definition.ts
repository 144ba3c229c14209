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

export type KeyType = 'S' | 'N' | 'B';

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

/** Hash attribute, then the range attribute where there is one. */
export type KeySchema = readonly [KeyAttribute] | readonly [KeyAttribute, KeyAttribute];

export interface Throughput {
  readonly readUnits: number;
  readonly writeUnits: number;
}

export interface IndexDefinition {
  readonly name: string;
  readonly kind: 'global' | 'local';
  readonly key: KeySchema;
  readonly projection: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  readonly includedAttributes: readonly string[];
  /** Null for local indexes, which share the table's, and on demand. */
  readonly throughput: Throughput | null;
}

const STREAM_VIEW_TYPES = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'] as const;
export type StreamViewType = (typeof STREAM_VIEW_TYPES)[number];

export interface StreamDefinition {
  readonly viewType: StreamViewType;
}

export interface TableDefinition {
  readonly name: string;
  readonly key: KeySchema;
  /** By name; those of the table's key and of all index keys. */
  readonly attributeTypes: ReadonlyMap<string, KeyType>;
  readonly indexes: readonly IndexDefinition[];
  /** Null on demand. */
  readonly throughput: Throughput | null;
  readonly stream: StreamDefinition | null;
  readonly deletionProtection: boolean;
  readonly tags: ReadonlyMap<string, string>;
}

const NAME = /^[a-zA-Z0-9_.-]{3,255}$/;

export function checkedName(name: string | undefined): string {
  if (name === undefined || !NAME.test(name)) {
    throw validationError(
      "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'",
    );
  }
  return name;
}

/** The definition that a CreateTable request asks for. Errors: ValidationException as DynamoDB words it. */
export function parseTableDefinition(request: Fields): TableDefinition {
  const name = checkedName(optionalText(request, 'TableName'));
  const attributeTypes = parseAttributeTypes(request);
  const key = parseKey(request, attributeTypes);
  const throughput = parseBilling(request);
  const indexes = [
    ...listOfFields(request, 'GlobalSecondaryIndexes').map((index) =>
      parseIndex(index, { kind: 'global', attributeTypes, onDemand: throughput === null }),
    ),
    ...listOfFields(request, 'LocalSecondaryIndexes').map((index) =>
      parseIndex(index, { kind: 'local', attributeTypes, onDemand: true }),
    ),
  ];
  checkAttributesUsed(attributeTypes, [key, ...indexes.map((index) => index.key)]);
  return {
    name,
    key,
    attributeTypes,
    indexes,
    throughput,
    stream: parseStream(request),
    deletionProtection: optionalFlag(request, 'DeletionProtectionEnabled') ?? false,
    tags: parseTags(request),
  };
}

export function parseAttributeTypes(request: Fields): ReadonlyMap<string, KeyType> {
  return new Map(
    listOfFields(request, 'AttributeDefinitions').map((definition) => {
      const type = optionalText(definition, 'AttributeType');
      if (type !== 'S' && type !== 'N' && type !== 'B') {
        throw validationError('Member must satisfy enum value set: [B, N, S]');
      }
      return [optionalText(definition, 'AttributeName') ?? '', type];
    }),
  );
}

function parseKey(fields: Fields, types: ReadonlyMap<string, KeyType>): KeySchema {
  const names = { HASH: '', RANGE: '' };
  for (const element of listOfFields(fields, 'KeySchema')) {
    const role = optionalText(element, 'KeyType') === 'RANGE' ? 'RANGE' : 'HASH';
    names[role] = optionalText(element, 'AttributeName') ?? '';
  }
  if (names.HASH === '') {
    throw validationError('No Hash Key specified in schema.  All Dynamo DB tables must have exactly one hash key');
  }
  const hash = typedKey(names.HASH, 'Hash', types);
  return names.RANGE === '' ? [hash] : [hash, typedKey(names.RANGE, 'Range', types)];
}

function typedKey(name: string, role: string, types: ReadonlyMap<string, KeyType>): KeyAttribute {
  const type = types.get(name);
  if (type === undefined) {
    throw validationError(`${role} Key not specified in Attribute Definitions.  Type unknown.`);
  }
  return { name, type };
}

export function parseIndex(
  fields: Fields,
  options: {
    readonly kind: IndexDefinition['kind'];
    readonly attributeTypes: ReadonlyMap<string, KeyType>;
    readonly onDemand: boolean;
  },
): IndexDefinition {
  const projection = fieldsOf(fields['Projection'], 'Projection');
  const type = optionalText(projection, 'ProjectionType');
  return {
    name: checkedName(optionalText(fields, 'IndexName')),
    kind: options.kind,
    key: parseKey(fields, options.attributeTypes),
    projection: type === 'KEYS_ONLY' || type === 'INCLUDE' ? type : 'ALL',
    includedAttributes: listOfTexts(projection, 'NonKeyAttributes'),
    throughput: options.onDemand ? null : parseThroughput(fields),
  };
}

/** Provisioned throughput, or null on demand. */
function parseBilling(request: Fields): Throughput | null {
  const throughput = parseThroughput(request);
  if (optionalText(request, 'BillingMode') === 'PAY_PER_REQUEST') {
    if (throughput === null) return null;
    throw validationError(
      'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
  if (throughput === null) throw validationError('No provisioned throughput specified for the table');
  return throughput;
}

export function parseThroughput(fields: Fields): Throughput | null {
  const throughput = optionalFields(fields, 'ProvisionedThroughput');
  if (throughput === undefined) return null;
  return {
    readUnits: optionalInteger(throughput, 'ReadCapacityUnits') ?? 1,
    writeUnits: optionalInteger(throughput, 'WriteCapacityUnits') ?? 1,
  };
}

export function parseStream(request: Fields): StreamDefinition | null {
  const stream = optionalFields(request, 'StreamSpecification');
  if (stream === undefined) return null;
  const enabled = optionalFlag(stream, 'StreamEnabled');
  const wanted = optionalText(stream, 'StreamViewType');
  if (enabled === undefined) throw validationError('Stream StreamEnabled was null');
  if (!enabled && wanted === undefined) return null;
  if (!enabled) {
    throw validationError('Invalid StreamViewType: Stream StreamEnabled was false but a StreamViewType was present.');
  }
  if (wanted === undefined) {
    throw validationError('Invalid StreamViewType: Stream ViewType must not be null or empty when enabling streams.');
  }
  const viewType = STREAM_VIEW_TYPES.find((known) => known === wanted);
  if (viewType === undefined) throw validationError(`Invalid StreamViewType: ${wanted}`);
  return { viewType };
}

export function parseTags(request: Fields): ReadonlyMap<string, string> {
  return new Map(
    listOfFields(request, 'Tags').map((tag) => [optionalText(tag, 'Key') ?? '', optionalText(tag, 'Value') ?? '']),
  );
}

function checkAttributesUsed(types: ReadonlyMap<string, KeyType>, keys: readonly KeySchema[]): void {
  const used = new Set(keys.flatMap((key) => key.map(({ name }) => name)));
  if (used.size < types.size) {
    throw validationError(
      'The number of attributes in key schema must match the number of attributes defined in attribute definitions.',
    );
  }
}
