import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../platform/clock.ts';
import { createAccount } from './account.ts';
import { sendAnswer } from './answer.ts';
import { createFaults, type FaultControl } from './faults.ts';
import { type AccessKey, createIdentities, type Identities, type Role } from './identity.ts';
import { createRequestHandler } from './request-handler.ts';
import { createRequestLog, type LoggedRequest, type RequestLog } from './request-log.ts';
import { createSimulatedStreams, type SimulatedStreams } from './simulated-streams.ts';
import { createTables, type SimulatedTables } from './simulated-tables.ts';
import { ROLL_EVERY_MS } from './stream.ts';

export interface SimulatorOptions {
  /** On 127.0.0.1; default: a free one. */
  readonly port?: number;
  readonly clock?: Clock;
  readonly region?: string;
  readonly accountId?: string;
  /** Where given, other access keys are refused and so are requests for another region. Default: every key is good. */
  readonly accessKeys?: readonly AccessKey[];
  /** Roles that AssumeRole knows. */
  readonly roles?: readonly Role[];
  /** Provisioned tables throttle: token buckets of 300 seconds' burst, full at first use. */
  readonly enforceCapacity?: boolean;
  /** DescribeStream and the readers of a shard are limited as on the service. Default: true. */
  readonly enforceStreamLimits?: boolean;
  /** How old shards become; null: until a command closes them. Default: 4 hours. */
  readonly rollShardsEveryMs?: number | null;
}

/** Called with each request before it is worked on, which waits for the promise. */
type RequestHook = (request: LoggedRequest) => void | Promise<void>;

export interface Simulator {
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
  readonly faults: FaultControl;
  readonly requests: RequestLog;
  readonly identities: Pick<Identities, 'revoke' | 'addAccessKey'>;
  /** Tables without HTTP: for fast seeding, and for looking at what is there. */
  readonly tables: SimulatedTables;
  /** Streams without HTTP: their shards, what time does to them, what is in them. */
  readonly streams: SimulatedStreams;
  /** Returns a function that takes the hook away. */
  onRequest(hook: RequestHook): () => void;
  /** Breaks open connections. */
  close(): Promise<void>;
}

/** Starts a DynamoDB with its streams and an STS on one port of 127.0.0.1. Errors: those of listening, such as EADDRINUSE. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, clock = systemClock, region = 'us-east-1', accountId = '123456789012' } = options;
  const now = (): number => clock.now();
  const account = createAccount({
    region,
    accountId,
    clock,
    enforceCapacity: options.enforceCapacity ?? false,
    enforceStreamLimits: options.enforceStreamLimits ?? true,
    rollShardsEveryMs: options.rollShardsEveryMs === undefined ? ROLL_EVERY_MS : options.rollShardsEveryMs,
  });
  const faults = createFaults(now);
  const log = createRequestLog();
  const identities = createIdentities({
    accountId,
    region,
    accessKeys: options.accessKeys ?? null,
    roles: options.roles ?? [],
    now,
  });
  const hooks = new Set<RequestHook>();
  const handle = createRequestHandler({ account, faults, log, identities, hooks });

  const server = createServer((request, response) => {
    void respond(request, response);
  });
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const handled = await handle(request);
      await sendAnswer(response, { ...handled, nowMs: now() });
    } catch (error) {
      // A client that goes away in the middle of its request is no error of the simulator; anything else is, loudly.
      if (!request.complete) return;
      response.destroy();
      throw error;
    }
  }
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;

  return {
    endpoint: `http://127.0.0.1:${boundPort}`,
    port: boundPort,
    region,
    accountId,
    clock,
    faults,
    requests: log,
    identities,
    tables: createTables(account),
    streams: createSimulatedStreams(account),
    onRequest: (hook) => {
      hooks.add(hook);
      return () => hooks.delete(hook);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
