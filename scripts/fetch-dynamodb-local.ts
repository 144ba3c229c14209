import { fetchDynamoDbLocal } from '../test/support/dynamodb-local-package.ts';

/** Fetches AWS's DynamoDB Local for the `dynamo` test project: `npx tsx scripts/fetch-dynamodb-local.ts`. */
console.log(await fetchDynamoDbLocal());
