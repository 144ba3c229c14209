import {
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  type ScanCommandInput,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { ManualClock } from '../../src/simulator/manual-clock.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { KnownDifference } from './known-differences.ts';

export type Item = Record<string, AttributeValue>;

/** What a behaviour needs of the DynamoDB it is checked on. */
export interface Subject {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  /** Its clock, in milliseconds. */
  readonly now: () => number;
}

/** The simulator as a subject: its clock stands still until a behaviour turns it. */
export interface SimulatedSubject extends Subject {
  readonly simulator: Simulator;
  readonly clock: ManualClock;
}

/** One thing that DynamoDB does. `simulator only` says what hinders DynamoDB Local. */
export type Behaviour =
  | { readonly name: string; readonly where: 'both'; readonly check: (subject: Subject) => Promise<void> }
  | {
      readonly name: string;
      readonly where: 'simulator only';
      readonly because: KnownDifference;
      readonly check: (subject: SimulatedSubject) => Promise<void>;
    };

export function both(name: string, check: (subject: Subject) => Promise<void>): Behaviour {
  return { name, where: 'both', check };
}

export function simulatorOnly(
  because: KnownDifference,
  name: string,
  check: (subject: SimulatedSubject) => Promise<void>,
): Behaviour {
  return { name, where: 'simulator only', because, check };
}

let tableCount = 0;

/** Creates a table of its own for a behaviour, key `pk` (S) and on demand unless the input says otherwise. */
export async function createTable(
  { client }: Subject,
  input: Omit<CreateTableCommandInput, 'TableName' | 'KeySchema' | 'AttributeDefinitions'> &
    Partial<Pick<CreateTableCommandInput, 'TableName' | 'KeySchema' | 'AttributeDefinitions'>> = {},
): Promise<string> {
  tableCount++;
  const name = `behaviour-${tableCount}`;
  await client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      ...(input.ProvisionedThroughput === undefined ? { BillingMode: 'PAY_PER_REQUEST' } : {}),
      ...input,
    }),
  );
  return input.TableName ?? name;
}

/** The parts of CreateTable for a key `pk` (S), `sk` (N) and further string attributes of indexes. */
export function compositeKey(...indexAttributes: string[]) {
  return {
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' as const },
      { AttributeName: 'sk', KeyType: 'RANGE' as const },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' as const },
      { AttributeName: 'sk', AttributeType: 'N' as const },
      ...indexAttributes.map((name) => ({ AttributeName: name, AttributeType: 'S' as const })),
    ],
  };
}

export async function put({ client }: Subject, table: string, ...items: Item[]): Promise<void> {
  for (const item of items) await client.send(new PutItemCommand({ TableName: table, Item: item }));
}

/** The attribute as it comes back after it was written. */
export async function roundTrip(subject: Subject, value: AttributeValue): Promise<AttributeValue | undefined> {
  const table = await createTable(subject);
  await put(subject, table, { pk: { S: 'a' }, value });
  return (await scan(subject, table)).Items?.[0]?.['value'];
}

export function scan(
  { client }: Subject,
  table: string,
  input: Omit<ScanCommandInput, 'TableName'> = {},
): Promise<ScanCommandOutput> {
  return client.send(new ScanCommand({ TableName: table, ...input }));
}

/** The pages of a whole Scan. */
export async function scanPages(
  subject: Subject,
  table: string,
  input: Omit<ScanCommandInput, 'TableName'> = {},
): Promise<ScanCommandOutput[]> {
  const pages: ScanCommandOutput[] = [];
  let startKey = input.ExclusiveStartKey;
  do {
    const page = await scan(subject, table, { ...input, ExclusiveStartKey: startKey });
    pages.push(page);
    startKey = page.LastEvaluatedKey;
  } while (startKey !== undefined);
  return pages;
}

/** The partition keys of a whole Scan, in its order. */
export async function scannedKeys(
  subject: Subject,
  table: string,
  input: Omit<ScanCommandInput, 'TableName'> = {},
): Promise<string[]> {
  const pages = await scanPages(subject, table, input);
  return pages.flatMap((page) => page.Items ?? []).map((item) => item['pk']?.S ?? '');
}

/** `name: message` of the error that a request ends with; throws where it succeeds. */
export async function refusal(request: Promise<unknown>): Promise<string> {
  const outcome = await request.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error('The request was not refused');
  return `${outcome.name}: ${outcome.message}`;
}

/** A request as bytes, for what the SDK hides or would not send. */
export async function rawRequest(
  { endpoint }: Pick<Subject, 'endpoint'>,
  action: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Buffer }> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'x-amz-target': `DynamoDB_20120810.${action}`,
      'content-type': 'application/x-amz-json-1.0',
      authorization: 'AWS4-HMAC-SHA256 Credential=raw/20260101/us-east-1/dynamodb/aws4_request, Signature=0',
      ...headers,
    },
    body,
  });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}
