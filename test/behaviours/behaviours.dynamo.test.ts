import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { BEHAVIOURS } from './all-behaviours.ts';
import type { Subject } from './behaviour.ts';

let dynamoDbLocal: DynamoDbLocal;
let subject: Subject;

beforeAll(async () => {
  dynamoDbLocal = await startDynamoDbLocal();
  const options = {
    endpoint: dynamoDbLocal.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  };
  const client = new DynamoDBClient(options);
  const streams = new DynamoDBStreamsClient(options);
  subject = { endpoint: dynamoDbLocal.endpoint, client, streams, now: Date.now };
});

afterAll(async () => {
  subject?.client.destroy();
  subject?.streams.destroy();
  await dynamoDbLocal?.stop();
});

// What is marked `simulator only` has its reason in known-differences.ts.
const shared = Object.entries(BEHAVIOURS)
  .map(([area, behaviours]) => ({ area, behaviours: behaviours.filter(({ where }) => where === 'both') }))
  .filter(({ behaviours }) => behaviours.length > 0);

describe.each(shared)('DynamoDB Local: $area', ({ behaviours }) => {
  for (const behaviour of behaviours) {
    if (behaviour.where === 'both') it(behaviour.name, () => behaviour.check(subject));
  }
});
