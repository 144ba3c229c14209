import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ConnectionOptions } from '../model/connection-options.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { type AwsTime, createAwsTime } from './aws-time.ts';
import type { CredentialCache } from './credential-cache.ts';
import { type CredentialChain, createCredentialChain } from './credentials.ts';
import { isCredentialRejection } from './errors.ts';
import { validateRegion } from './region.ts';
import { answeredAtMs, isHttpAnswer, readWholeAnswer } from './whole-answer.ts';

export interface Connection {
  readonly options: ConnectionOptions;
  readonly dynamodb: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  /** By the answers of the two clients above. */
  readonly awsTime: AwsTime;
  readonly credentials: CredentialChain;
  /** An STS client that acts under one identity of the chain. */
  readonly sts: (credentials: CredentialCache) => STSClient;
  /** Closes the sockets. Requests in flight fail. */
  readonly close: () => void;
}

/** The SDK's "standard" mode: back-off from 25 ms (1 s for throttles) with jitter. Longer waits are the caller's. */
const RETRIES = { maxAttempts: 4, retryMode: 'standard' } as const;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Clients for one account and region; nothing is sent yet. Throws REGION_INVALID. Errors that the clients reject with are
 * mapped by `mapAwsError`, errors about credentials are TributaryErrors already.
 */
export function createConnection(
  options: ConnectionOptions,
  { clock = systemClock }: { readonly clock?: Pick<Clock, 'now'> } = {},
): Connection {
  validateRegion(options.region, { local: options.endpoint !== null });
  const agents = { keepAlive: true, maxSockets: options.maxConnections };
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, options.requestTimeoutMs),
    requestTimeout: options.requestTimeoutMs,
    throwOnRequestTimeout: true,
    httpAgent: new HttpAgent(agents),
    httpsAgent: new HttpsAgent(agents),
  });
  const common = { region: options.region, requestHandler, ...RETRIES };

  const createSts = (credentials: CredentialCache | null): STSClient => {
    const client = new STSClient({
      ...common,
      ...(options.stsEndpoint === null ? {} : { endpoint: options.stsEndpoint }),
      ...(credentials === null ? {} : { credentials: provider(credentials) }),
    });
    prepare(client.middlewareStack, options, credentials);
    return client;
  };
  const credentials = createCredentialChain(options, createSts, clock);
  const reader = {
    ...common,
    // A local DynamoDB serves its streams at the same address; AWS has another host for them, which the SDK knows.
    ...(options.endpoint === null ? {} : { endpoint: options.endpoint }),
    credentials: provider(credentials.reader),
  };
  const awsTime = createAwsTime(clock);
  const dynamodb = new DynamoDBClient(reader);
  const streams = new DynamoDBStreamsClient(reader);
  for (const { middlewareStack } of [dynamodb, streams]) {
    prepare(middlewareStack, options, credentials.reader);
    // Inside of `wholeAnswer`: the header is seen when it arrives, not when the body has.
    const place = { relation: 'after', toMiddleware: 'wholeAnswer', name: 'followTime' } as const;
    middlewareStack.addRelativeTo(followTime(awsTime, clock), place);
  }
  return { options, dynamodb, streams, awsTime, credentials, sts: createSts, close: () => requestHandler.destroy() };
}

/** `memoized` tells the SDK not to put its own cache, which makes reads wait for a renewal, in front of ours. */
function provider(credentials: CredentialCache) {
  return Object.assign(() => credentials.get(), { memoized: true });
}

/** The part of an SDK client's middleware stack that is used here, without the types of its operations. */
interface Stack {
  remove(name: string): boolean;
  add(middleware: AnswerMiddleware, place: { step: 'deserialize'; priority: 'low'; name: string }): void;
  add(middleware: CallMiddleware, place: { step: 'initialize'; priority: 'low'; name: string }): void;
  addRelativeTo(
    middleware: AnswerMiddleware,
    place: { relation: 'after'; toMiddleware: 'wholeAnswer'; name: string },
  ): void;
}
type CallMiddleware = <Request extends object, Result>(
  next: (args: Request) => Promise<Result>,
) => (args: Request) => Promise<Result>;
type AnswerMiddleware = <Request extends object, Result extends { response: unknown }>(
  next: (args: Request) => Promise<Result>,
) => (args: Request) => Promise<Result>;

function prepare(stack: Stack, options: ConnectionOptions, credentials: CredentialCache | null): void {
  // It deep-copies every answer for a logger that drops it: four times the CPU of a Scan (aws-sdk-js-v3 issue 7520).
  stack.remove('loggerMiddleware');
  stack.add(readWholeAnswer(options.requestTimeoutMs), { step: 'deserialize', priority: 'low', name: 'wholeAnswer' });
  if (credentials !== null) {
    stack.add(renewWhenRejected(credentials), { step: 'initialize', priority: 'low', name: 'renewWhenRejected' });
  }
}

function followTime(awsTime: AwsTime, clock: Pick<Clock, 'now'>): AnswerMiddleware {
  return (next) => async (args) => {
    const askedAtMs = clock.now();
    const result = await next(args);
    const { response } = result;
    // Refusals can come from something between AWS and us, with a clock of its own.
    if (isHttpAnswer(response) && response.statusCode === 200) {
      const dateMs = answeredAtMs(response);
      if (dateMs !== null) awsTime.observe({ dateMs, askedAtMs });
    }
    return result;
  };
}

/** Sessions can be revoked, and keys rotated, before they end by the clock: fetched anew once, then it is an error. */
function renewWhenRejected(credentials: CredentialCache) {
  return <Request extends object, Result>(next: (args: Request) => Promise<Result>) =>
    async (args: Request): Promise<Result> => {
      const used = await credentials.get();
      try {
        return await next(args);
      } catch (error) {
        if (!isCredentialRejection(error)) throw error;
        credentials.forget(used.accessKeyId);
        const fresh = await credentials.get();
        if (fresh.accessKeyId === used.accessKeyId && fresh.sessionToken === used.sessionToken) throw error;
        return await next(args);
      }
    };
}
