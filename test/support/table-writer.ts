import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  InternalServerError,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { DynamoItem } from './dynamo-item.ts';
import type { RandomWrite, RandomWrites } from './random-writes.ts';
import { toAttributeValues } from './sdk-items.ts';

export interface TableWriter {
  /** Answered writes until now. */
  readonly count: number;
  /** Resolves when so many writes are answered; rejects with the first that failed. */
  reached(count: number): Promise<void>;
  /** Resolves when the last write is answered; rejects with the first that failed. */
  stop(): Promise<void>;
}

interface WriterOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly writes: RandomWrites;
  readonly perSecond: number;
}

const BATCH_SIZE = 25;
const TICK_MS = 20;
const CONCURRENCY = 8;
const MAX_ATTEMPTS = 200;
const RETRY_MS = 50;

/** Writes to a table as fast as asked for: updates one by one, the rest in batches. */
export function startWriting({ client, table, writes, perSecond }: WriterOptions): TableWriter {
  const startedMs = performance.now();
  let isRunning = true;
  let issued = 0;
  let answered = 0;
  let waiting: readonly { readonly count: number; readonly resolve: () => void }[] = [];
  const write = async (): Promise<void> => {
    while (isRunning) {
      const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond) - issued;
      if (due <= 0) {
        await delay(TICK_MS);
        continue;
      }
      const nextWrites = Array.from({ length: Math.min(due, BATCH_SIZE) }, () => writes.next());
      issued += nextWrites.length;
      const batch = new Map<string, RandomWrite>();
      const alone: RandomWrite[] = [];
      for (const next of nextWrites) {
        // A batch has every key once.
        if (next.kind === 'update' || batch.has(keyOf(next))) alone.push(next);
        else batch.set(keyOf(next), next);
      }
      await untilAccepted(() => writeBatch({ client, table }, [...batch.values()]));
      for (const next of alone) await untilAccepted(() => writeOne({ client, table }, next));
      answered += nextWrites.length;
      for (const { resolve } of waiting.filter(({ count }) => count <= answered)) resolve();
      waiting = waiting.filter(({ count }) => count > answered);
    }
  };
  const writing = Promise.all(Array.from({ length: CONCURRENCY }, write));
  // It is reported by `stop`; until then it must not end the process.
  writing.catch(() => {});
  return {
    get count() {
      return answered;
    },
    reached: (count) =>
      new Promise((resolve, reject) => {
        if (count <= answered) resolve();
        waiting = [...waiting, { count, resolve }];
        writing.catch(reject);
      }),
    stop: async () => {
      isRunning = false;
      await writing;
    },
  };
}

/**
 * Repeats what the service could not do: an emulator that lives faster answers HTTP 500 whenever a lock is not free in a
 * fraction of a second. What was done in spite of that is done twice, which changes nothing.
 */
export async function untilAccepted(write: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await write();
      return;
    } catch (error) {
      if (!(error instanceof InternalServerError) || attempt === MAX_ATTEMPTS) throw error;
      await delay(RETRY_MS);
    }
  }
}

interface Target {
  readonly client: DynamoDBClient;
  readonly table: string;
}

async function writeBatch({ client, table }: Target, writes: readonly RandomWrite[]): Promise<void> {
  if (writes.length === 0) return;
  const requests = writes.map((write) =>
    write.kind === 'put'
      ? { PutRequest: { Item: toAttributeValues(write.item) } }
      : { DeleteRequest: { Key: toAttributeValues(write.key) } },
  );
  const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: requests } }));
  if (Object.keys(UnprocessedItems ?? {}).length > 0) throw new Error('A part of a batch was not written');
}

async function writeOne({ client, table }: Target, write: RandomWrite): Promise<void> {
  const Key = toAttributeValues(write.key);
  if (write.kind === 'put') {
    await client.send(new PutItemCommand({ TableName: table, Item: toAttributeValues(write.item) }));
  } else if (write.kind === 'delete') {
    await client.send(new DeleteItemCommand({ TableName: table, Key }));
  } else {
    await client.send(new UpdateItemCommand({ TableName: table, Key, ...updateOf(write) }));
  }
}

function updateOf({ set, remove }: { readonly set: DynamoItem; readonly remove: readonly string[] }) {
  const setNames = Object.keys(set);
  const names = [...setNames, ...remove];
  const assignments = setNames.map((_, at) => `#${at} = :${at}`).join(', ');
  const removed = remove.map((_, at) => `#${setNames.length + at}`).join(', ');
  return {
    UpdateExpression: `SET ${assignments}${removed === '' ? '' : ` REMOVE ${removed}`}`,
    ExpressionAttributeNames: Object.fromEntries(names.map((name, at) => [`#${at}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      Object.entries(toAttributeValues(set)).map(([name, value]) => [`:${setNames.indexOf(name)}`, value]),
    ),
  };
}

function keyOf({ key }: RandomWrite): string {
  return JSON.stringify(key);
}
