import { tableNameOf } from './account.ts';
import { type Fields, isFields } from './request-fields.ts';
import { parseIterator, type ShardIterator } from './shard-iterator.ts';

/** What a request asks for, as far as faults, counters and hooks need it. */
export interface RequestSummary {
  readonly action: string;
  readonly table: string | null;
  readonly index: string | null;
  readonly segment: number | null;
  /** ARN of a stream. */
  readonly stream: string | null;
  readonly shard: string | null;
  readonly totalSegments: number | null;
  /** DynamoDB JSON text. */
  readonly exclusiveStartKey: string | null;
  readonly accessKeyId: string | null;
}

/** Reads what there is of a request's body, checked or not. */
export function summarizeFields(action: string, fields: Fields): Omit<RequestSummary, 'accessKeyId'> {
  const textOf = (name: string): string | null => textIn(fields, name);
  const numberOf = (name: string): number | null => {
    const value = fields[name];
    return typeof value === 'number' ? value : null;
  };
  const filter = fields['ShardFilter'];
  const batched = isFields(fields['RequestItems']) ? Object.keys(fields['RequestItems'])[0] : undefined;
  const iterator = iteratorTarget(textOf('ShardIterator'));
  const stream = textOf('StreamArn') ?? iterator?.streamArn ?? null;
  const name = textOf('TableName') ?? textOf('ResourceArn') ?? stream ?? batched ?? null;
  const startKey = fields['ExclusiveStartKey'];
  return {
    action,
    table: name === null ? null : tolerantTableName(name),
    index: textOf('IndexName'),
    segment: numberOf('Segment'),
    totalSegments: numberOf('TotalSegments'),
    stream,
    shard: textOf('ShardId') ?? iterator?.shardId ?? (isFields(filter) ? textIn(filter, 'ShardId') : null),
    exclusiveStartKey: startKey === undefined || startKey === null ? null : JSON.stringify(startKey),
  };
}

function textIn(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' ? value : null;
}

function iteratorTarget(token: string | null): Pick<ShardIterator, 'streamArn' | 'shardId'> | null {
  if (token === null) return null;
  try {
    return parseIterator(token);
  } catch {
    return null;
  }
}

/** The table of a name, of the ARN of a table or of that of a stream. */
function tolerantTableName(name: string): string {
  try {
    return tableNameOf(name.replace(/\/stream\/[^/]*$/, ''));
  } catch {
    return name;
  }
}
