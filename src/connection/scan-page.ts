import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { ParsedProjection } from '../model/projection.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Connection } from './clients.ts';
import { mapAwsError } from './errors.ts';
import { endAtThrottle, type RawAnswer, TAP_PLACE, THROTTLE_PLACE, tapBody } from './raw-answer.ts';

export interface ScanRequest {
  readonly table: string;
  readonly index: string | null;
  readonly segment: number;
  readonly totalSegments: number;
  /** DynamoDB JSON text, as it was answered. */
  readonly exclusiveStartKey: string | null;
  /** Items to evaluate at most; null: as many as 1 MB holds. */
  readonly limit: number | null;
  readonly projection: ParsedProjection | null;
  readonly consistentRead: boolean;
}

/**
 * One page of a Scan as the bytes of its body, ConsumedCapacity included. Broken answers, server errors and lost
 * connections are tried again a few times within the call. Throttles are not: each is reported and rejects with THROTTLED
 * at once, because waiting for capacity belongs to the budget of the caller. Rejects with a TributaryError, or with the
 * reason of the signal.
 */
export type ScanPageFetcher = (
  request: ScanRequest,
  options: { readonly signal: AbortSignal; readonly onThrottle: () => void },
) => Promise<RawAnswer>;

export function createScanPageFetcher({
  dynamodb,
  options,
}: Pick<Connection, 'dynamodb' | 'options'>): ScanPageFetcher {
  return async (request, { signal, onThrottle }) => {
    const { table, index } = request;
    const call = { action: 'dynamodb:Scan', table, index, options, signal };
    const command = new ScanCommand({
      TableName: table,
      ...(index === null ? {} : { IndexName: index }),
      ...(request.totalSegments === 1 ? {} : { Segment: request.segment, TotalSegments: request.totalSegments }),
      ...(request.exclusiveStartKey === null ? {} : { ExclusiveStartKey: parseKey(request.exclusiveStartKey) }),
      ...(request.limit === null ? {} : { Limit: request.limit }),
      ...(request.projection === null ? {} : projectionInput(request.projection)),
      ...(request.consistentRead ? { ConsistentRead: true } : {}),
      ReturnConsumedCapacity: 'TOTAL',
    });
    const tapped: { answer?: RawAnswer } = {};
    command.middlewareStack.addRelativeTo(
      tapBody((answer) => {
        tapped.answer = answer;
      }),
      TAP_PLACE,
    );
    command.middlewareStack.add(
      endAtThrottle((throttle) => {
        onThrottle();
        return mapAwsError(throttle, call);
      }),
      THROTTLE_PLACE,
    );
    try {
      await dynamodb.send(command, { abortSignal: signal });
    } catch (error) {
      throw mapAwsError(error, call);
    }
    if (tapped.answer === undefined) throw new TributaryError('BUG', `The answer to Scan of ${table} was not seen`);
    return tapped.answer;
  };
}

function projectionInput({ expression, attributeNames }: ParsedProjection) {
  // DynamoDB refuses an empty map of names.
  const hasNames = Object.keys(attributeNames).length > 0;
  return {
    ProjectionExpression: expression,
    ...(hasNames ? { ExpressionAttributeNames: { ...attributeNames } } : {}),
  };
}

/** Keys hold S, N and B only. Numbers are text in DynamoDB JSON, so nothing is rounded. */
function parseKey(text: string): Record<string, AttributeValue> {
  let key: Record<string, { S?: string; N?: string; B?: string }>;
  try {
    key = JSON.parse(text);
  } catch {
    // Not with the error of the parser as its cause: that quotes the key.
    throw new TributaryError('STATE_INVALID', 'The key in a bookmark is damaged', { context: { length: text.length } });
  }
  const entries = Object.entries(key).map(([name, value]): [string, AttributeValue] => {
    if (value.S !== undefined) return [name, { S: value.S }];
    if (value.N !== undefined) return [name, { N: value.N }];
    if (value.B !== undefined) return [name, { B: Buffer.from(value.B, 'base64') }];
    throw new TributaryError('STATE_INVALID', `The resume key has an attribute that is no key: ${name}`);
  });
  return Object.fromEntries(entries);
}
