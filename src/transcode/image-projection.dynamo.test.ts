import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DynamoItem, DynamoValue } from '../../test/support/dynamo-item.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../test/support/dynamodb-local.ts';
import { itemsOfPage } from '../../test/support/tape-items.ts';
import { parseProjection } from '../discovery/projection/parse-projection.ts';
import { relationOf } from '../discovery/projection/path-overlap.ts';
import type { DocumentPath, ParsedProjection, PathStep } from '../model/projection.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { type RecordsPage, transcodeRecordsPage } from './records-page.ts';
import { transcodeScanPage } from './scan-page.ts';

const TABLE = 'images';
const KEY = [{ name: 'pk', type: 'S' }] as const;
const ITEM_COUNT = 40;
const PROJECTION_COUNT = 60;

let local: DynamoDbLocal;

beforeAll(async () => {
  local = await startDynamoDbLocal();
  await call('DynamoDB_20120810.CreateTable', {
    TableName: TABLE,
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
});

afterAll(async () => {
  await local?.stop();
});

/** The body of an answer as it is; DynamoDB Local takes every signature. */
async function call(target: string, request: object): Promise<Buffer> {
  const credential = 'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/dynamodb/aws4_request';
  const answer = await fetch(local.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': target,
      authorization: `${credential}, SignedHeaders=host, Signature=any`,
    },
    body: JSON.stringify(request),
  });
  const body = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`${target}: ${answer.status} ${body.toString()}`);
  return body;
}

const name = fc.constantFrom('a', 'b', 'c', 'd.e', 'é', 'say "x"');
const value: fc.Arbitrary<DynamoValue> = fc.letrec<{ value: DynamoValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    fc.oneof(
      fc.string({ maxLength: 5 }).map((S): DynamoValue => ({ S })),
      fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }).map((n): DynamoValue => ({ N: String(n) })),
      fc.boolean().map((BOOL): DynamoValue => ({ BOOL })),
      fc.constant<DynamoValue>({ NULL: true }),
      fc.constant<DynamoValue>({ SS: ['x', 'y'] }),
      fc.constant<DynamoValue>({ B: 'AAH/' }),
    ),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }).map((M): DynamoValue => ({ M })),
    fc.array(tie('value'), { maxLength: 4 }).map((L): DynamoValue => ({ L })),
  ),
})).value;
const attributes = fc.dictionary(name, value, { minKeys: 2, maxKeys: 6, noNullPrototype: true });
const step: fc.Arbitrary<PathStep> = fc.oneof(
  name.map((attribute) => ({ attribute })),
  fc.nat({ max: 3 }).map((index) => ({ index })),
);
const path = fc
  .tuple(name, fc.array(step, { maxLength: 4 }))
  .map(([first, rest]): DocumentPath => [{ attribute: first }, ...rest]);

/** As a user would write it: every name by a placeholder. */
function projectionOf(paths: readonly DocumentPath[]): ParsedProjection {
  const kept: DocumentPath[] = [[{ attribute: 'pk' }]];
  for (const one of paths) if (kept.every((other) => relationOf(other, one) === 'apart')) kept.push(one);
  const names = [...new Set(kept.flat().flatMap((one) => ('attribute' in one ? [one.attribute] : [])))];
  const written = kept.map((one) =>
    one
      .map((part) => ('attribute' in part ? `.#n${names.indexOf(part.attribute)}` : `[${part.index}]`))
      .join('')
      .slice(1),
  );
  const parsed = parseProjection({
    expression: written.join(', '),
    expressionAttributes: Object.fromEntries(names.map((attribute, n) => [`#n${n}`, attribute])),
    key: KEY,
  });
  if (parsed === null) throw new Error('the projection is blank');
  return parsed;
}

/** The bodies of all records of the one shard that DynamoDB Local has, up to the record of `eventName` number `count`. */
async function readStream(eventName: string, count: number): Promise<readonly Buffer[]> {
  const { Table } = JSON.parse((await call('DynamoDB_20120810.DescribeTable', { TableName: TABLE })).toString());
  const StreamArn: string = Table.LatestStreamArn;
  const described = JSON.parse((await call('DynamoDBStreams_20120810.DescribeStream', { StreamArn })).toString());
  const ShardId: string = described.StreamDescription.Shards[0].ShardId;
  const start = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
  let iterator = JSON.parse((await call('DynamoDBStreams_20120810.GetShardIterator', start)).toString()).ShardIterator;
  const bodies: Buffer[] = [];
  for (let seen = 0; seen < count; ) {
    const body = await call('DynamoDBStreams_20120810.GetRecords', { ShardIterator: iterator });
    const answer = JSON.parse(body.toString());
    iterator = answer.NextShardIterator;
    seen += answer.Records.filter((one: { eventName: string }) => one.eventName === eventName).length;
    bodies.push(body);
  }
  return bodies;
}

function imagesOf(bodies: readonly Buffer[], projection: ParsedProjection): readonly RecordsPage[] {
  const names = createAttributeDictionary(['pk']);
  return bodies.map((body) =>
    transcodeRecordsPage(body, { names, projection, deletedImage: 'old', ttlDeletes: 'flag' }),
  );
}

function byKey(items: readonly DynamoItem[]): readonly DynamoItem[] {
  return [...items].sort((one, other) => (JSON.stringify(one['pk']) < JSON.stringify(other['pk']) ? -1 : 1));
}

test('a projection of an image gives what the Scan of DynamoDB Local gives, before and after the delete', async () => {
  const items = fc.sample(attributes, { numRuns: ITEM_COUNT, seed: 21 });
  const projections = fc
    .sample(fc.array(path, { minLength: 1, maxLength: 5 }), { numRuns: PROJECTION_COUNT, seed: 22 })
    .map(projectionOf);
  for (const [n, item] of items.entries()) {
    await call('DynamoDB_20120810.PutItem', { TableName: TABLE, Item: { pk: { S: `key ${n}` }, ...item } });
  }
  const inserted = await readStream('INSERT', ITEM_COUNT);
  const scanned: (readonly DynamoItem[])[] = [];
  let partial = 0;
  for (const projection of projections) {
    const body = await call('DynamoDB_20120810.Scan', {
      TableName: TABLE,
      ProjectionExpression: projection.expression,
      ExpressionAttributeNames: projection.attributeNames,
    });
    const fromScan = byKey(itemsOfPage(transcodeScanPage(body, createAttributeDictionary(['pk'])).page));
    expect(fromScan).toHaveLength(ITEM_COUNT);
    expect(byKey(imagesOf(inserted, projection).flatMap(({ page }) => itemsOfPage(page)))).toEqual(fromScan);
    scanned.push(fromScan);
    partial += fromScan.filter((item) => Object.keys(item).length > 1).length;
  }
  // Of the pairs of item and projection, enough leave something beside the key.
  expect(partial).toBeGreaterThan(200);

  for (const n of items.keys()) {
    await call('DynamoDB_20120810.DeleteItem', { TableName: TABLE, Key: { pk: { S: `key ${n}` } } });
  }
  const all = await readStream('REMOVE', ITEM_COUNT);
  for (const [n, projection] of projections.entries()) {
    const rows = imagesOf(all, projection).flatMap(({ page, changes }) =>
      itemsOfPage(page).filter((_, row) => changes.kinds[row] !== 0),
    );
    expect(byKey(rows)).toEqual(scanned[n]);
  }
});
