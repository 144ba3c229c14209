import {
  type CreateTableCommandInput,
  DeleteItemCommand,
  DescribeTableCommand,
  type StreamViewType,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  type DescribeStreamCommandInput,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type _Record as Record,
  type Shard,
  type StreamDescription,
} from '@aws-sdk/client-dynamodb-streams';
import { createTable, put, type SimulatedSubject, type Subject } from './behaviour.ts';

/** A table and its stream. */
export interface Streamed {
  readonly table: string;
  readonly arn: string;
}

export async function streamArn({ client }: Subject, table: string): Promise<string> {
  return (await client.send(new DescribeTableCommand({ TableName: table }))).Table?.LatestStreamArn ?? '';
}

export async function createStreamed(
  subject: Subject,
  viewType: StreamViewType = 'NEW_AND_OLD_IMAGES',
  input: Partial<CreateTableCommandInput> = {},
): Promise<Streamed> {
  const StreamSpecification = { StreamEnabled: true, StreamViewType: viewType };
  const table = await createTable(subject, { ...input, StreamSpecification });
  return { table, arn: await streamArn(subject, table) };
}

/** A stream of one shard. */
export interface OneShard extends Streamed {
  readonly shard: string;
}

/** A stream whose one shard holds the first writes of these keys, in this order. */
export async function shardWith(subject: Subject, ...keys: readonly string[]): Promise<OneShard> {
  const { table, arn } = await createStreamed(subject);
  for (const S of keys) await put(subject, table, { pk: { S } });
  const { ShardId: shard = '' } = await onlyShard(subject, arn);
  return { table, arn, shard };
}

/** The oldest shard of a simulated stream that is open. */
export function firstOpenShard({ simulator }: SimulatedSubject, table: string): string {
  return simulator.streams.openShardIds(table)[0] ?? '';
}

export async function remove({ client }: Subject, table: string, pk: string): Promise<void> {
  await client.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: pk } } }));
}

/** Switches the stream of a table; a view type enables it. */
export async function setStream(subject: Subject, table: string, viewType: StreamViewType | null): Promise<string> {
  const StreamSpecification =
    viewType === null ? { StreamEnabled: false } : { StreamEnabled: true, StreamViewType: viewType };
  await subject.client.send(new UpdateTableCommand({ TableName: table, StreamSpecification }));
  return streamArn(subject, table);
}

export async function describeStream(
  { streams }: Subject,
  arn: string,
  input: Omit<DescribeStreamCommandInput, 'StreamArn'> = {},
): Promise<StreamDescription> {
  const answer = await streams.send(new DescribeStreamCommand({ StreamArn: arn, ...input }));
  return answer.StreamDescription ?? {};
}

/** Shards of one answer of DescribeStream. */
export async function shardsOf(
  subject: Subject,
  arn: string,
  input: Omit<DescribeStreamCommandInput, 'StreamArn'> = {},
): Promise<readonly Shard[]> {
  return (await describeStream(subject, arn, input)).Shards ?? [];
}

export async function onlyShard(subject: Subject, arn: string): Promise<Shard> {
  const [shard, ...others] = await shardsOf(subject, arn);
  if (shard === undefined || others.length > 0) throw new Error(`Not one shard but ${others.length + 1}`);
  return shard;
}

type Start = Omit<GetShardIteratorCommandInput, 'StreamArn' | 'ShardId'>;
export const TRIM_HORIZON: Start = { ShardIteratorType: 'TRIM_HORIZON' };
export const LATEST: Start = { ShardIteratorType: 'LATEST' };
export const at = (number: string | undefined): Start => ({
  ShardIteratorType: 'AT_SEQUENCE_NUMBER',
  SequenceNumber: number,
});
export const after = (number: string | undefined): Start => ({
  ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
  SequenceNumber: number,
});

export async function iterator(
  { streams }: Subject,
  { arn, shard, start }: { readonly arn: string; readonly shard: string | undefined; readonly start: Start },
): Promise<string> {
  const command = new GetShardIteratorCommand({ StreamArn: arn, ShardId: shard, ...start });
  return (await streams.send(command)).ShardIterator ?? '';
}

export function getRecords(
  { streams }: Subject,
  shardIterator: string | undefined,
  limit?: number,
): Promise<GetRecordsCommandOutput> {
  return streams.send(
    new GetRecordsCommand({ ShardIterator: shardIterator, ...(limit === undefined ? {} : { Limit: limit }) }),
  );
}

/** Records of one shard from `start` on, until an answer is empty or the shard has ended. */
export async function readShard(
  subject: Subject,
  { arn, shard, start = TRIM_HORIZON }: { readonly arn: string; readonly shard?: string; readonly start?: Start },
): Promise<{ readonly records: readonly Record[]; readonly ended: boolean }> {
  const shardId = shard ?? (await onlyShard(subject, arn)).ShardId;
  const records: Record[] = [];
  let next: string | undefined = await iterator(subject, { arn, shard: shardId, start });
  while (next !== undefined) {
    const answer: GetRecordsCommandOutput = await getRecords(subject, next);
    records.push(...(answer.Records ?? []));
    next = answer.NextShardIterator;
    if (next !== undefined && answer.Records?.length === 0) break;
  }
  return { records, ended: next === undefined };
}

export const keyOf = (record: Record): string => record.dynamodb?.Keys?.['pk']?.S ?? '';
export const numberOf = (record: Record | undefined): string => record?.dynamodb?.SequenceNumber ?? '';
