import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Account } from './account.ts';
import { ACTIONS } from './actions.ts';
import { type Answer, JSON_TYPE } from './answer.ts';
import { type Fault, type Faults, faultError } from './faults.ts';
import { denial, deniedMessage, type Identities, type Signature } from './identity.ts';
import { type Fields, parseBody } from './request-fields.ts';
import type { LoggedRequest, WritableRequestLog } from './request-log.ts';
import { type RequestSummary, summarizeFields } from './request-summary.ts';
import { scan } from './scan.ts';
import { frameworkError, ServiceError } from './service-error.ts';
import { STREAM_ACTIONS } from './stream-actions.ts';
import { answerSts, stsError } from './sts.ts';

interface HandlerParts {
  readonly account: Account;
  readonly faults: Faults;
  readonly log: WritableRequestLog;
  readonly identities: Identities;
  readonly hooks: ReadonlySet<(request: LoggedRequest) => void | Promise<void>>;
}

interface Handled {
  readonly answer: Answer;
  /** How the answer is to be broken on its way. */
  readonly fault: Fault | null;
}

/** Requests in, answers out: parse, log, hooks, fault, authentication, authorization, action. */
export function createRequestHandler(parts: HandlerParts): (message: IncomingMessage) => Promise<Handled> {
  return async (message) => {
    const body = await text(message);
    const request = parseRequest(message, body);
    const { summary } = request;
    const logged = parts.log.arrived(summary);
    const read = parts.account.streams.limits.beginRead(summary.action === 'GetRecords' ? summary.shard : null);
    try {
      for (const hook of parts.hooks) await hook(logged);
      const fault = parts.faults.strike(summary);
      logged.fault = fault?.kind ?? null;
      if (fault?.kind === 'slow-answer') await fault.gate.pass();
      const answer = answerRequest(parts, { request, logged, fault, crowded: read.crowded });
      logged.status = fault?.kind === 'reset' ? null : answer.status;
      return { answer, fault };
    } finally {
      read.end();
    }
  };
}

interface ParsedRequest {
  readonly protocol: 'json' | 'query';
  readonly service: 'dynamodb' | 'streams' | 'sts';
  readonly body: string;
  /** Null where the body is not a JSON object. */
  readonly fields: Fields | null;
  readonly signature: Signature | null;
  readonly summary: RequestSummary;
}

/** A request on its way, with what happens to it. */
interface Call {
  readonly request: ParsedRequest;
  readonly logged: LoggedRequest;
  readonly fault: Fault | null;
  /** See `ShardRead`. */
  readonly crowded: boolean;
}

function answerRequest(parts: HandlerParts, call: Call): Answer {
  const { request, fault } = call;
  try {
    if (fault?.kind === 'html-503') {
      const page = '<html><body><h1>503 Service Unavailable</h1></body></html>';
      return { status: 503, contentType: 'text/html', body: Buffer.from(page) };
    }
    const identity = parts.identities.authenticate(request.signature);
    const { action, table } = request.summary;
    const resource = resourceOf(parts.account, request.summary);
    const error = fault === null ? null : faultError(fault, () => deniedMessage(identity, { action, resource }));
    if (error !== null) throw error;
    if (request.protocol === 'query') {
      const xml = answerSts(parts.identities, identity, new URLSearchParams(request.body));
      return { status: 200, contentType: 'text/xml', body: Buffer.from(xml) };
    }
    const refused = denial(identity, { action, table, resource });
    if (refused !== null) throw refused;
    const json = runAction(parts.account, call);
    return { status: 200, contentType: JSON_TYPE, body: Buffer.from(json) };
  } catch (thrown) {
    if (!(thrown instanceof ServiceError)) throw thrown;
    call.logged.error = thrown.type.slice(thrown.type.indexOf('#') + 1);
    return errorAnswer(thrown, request.protocol);
  }
}

function runAction(account: Account, { request, logged, fault, crowded }: Call): string {
  const fields = request.fields ?? parseBody(request.body);
  const { action: name, accessKeyId } = request.summary;
  if (request.service === 'streams') {
    const action = STREAM_ACTIONS.get(name);
    if (action === undefined) throw unknownOperation();
    return asJson(action(account, fields, { reader: accessKeyId ?? '', crowded, fault }));
  }
  if (name === 'Scan') {
    const page = scan(account, fields, { empty: fault?.kind === 'empty-page' });
    logged.itemCount = page.itemCount;
    logged.lastEvaluatedKey = page.lastEvaluatedKey;
    return page.body;
  }
  const action = ACTIONS.get(name);
  if (action === undefined) throw unknownOperation();
  return asJson(action(account, fields));
}

function asJson(answer: string | object): string {
  return typeof answer === 'string' ? answer : JSON.stringify(answer);
}

function unknownOperation(): ServiceError {
  return frameworkError('UnknownOperationException', 'An unknown operation was requested.');
}

function errorAnswer(error: ServiceError, protocol: ParsedRequest['protocol']): Answer {
  if (protocol === 'query') {
    return { status: error.status, contentType: 'text/xml', body: Buffer.from(stsError(error)) };
  }
  const body = JSON.stringify({ __type: error.type, message: error.message });
  return { status: error.status, contentType: JSON_TYPE, body: Buffer.from(body) };
}

/** Never fails: what cannot be understood is refused by the action. */
function parseRequest(message: IncomingMessage, body: string): ParsedRequest {
  const target = message.headers['x-amz-target'];
  const signature = parseSignature(message);
  const accessKeyId = signature?.accessKeyId ?? null;
  if (typeof target === 'string') {
    const service = target.startsWith('DynamoDBStreams_') ? 'streams' : 'dynamodb';
    const action = target.slice(target.indexOf('.') + 1);
    const fields = tolerantFields(body);
    const summary = { ...summarizeFields(action, fields ?? {}), accessKeyId };
    return { protocol: 'json', service, body, fields, signature, summary };
  }
  const summary = { ...summarizeFields(new URLSearchParams(body).get('Action') ?? '', {}), accessKeyId };
  return { protocol: 'query', service: 'sts', body, fields: null, signature, summary };
}

function tolerantFields(body: string): Fields | null {
  try {
    return parseBody(body);
  } catch {
    return null;
  }
}

function parseSignature(message: IncomingMessage): Signature | null {
  const match = /Credential=([^/,\s]+)\/[^/]*\/([^/]*)\//.exec(message.headers.authorization ?? '');
  const [, accessKeyId, region] = match ?? [];
  const token = message.headers['x-amz-security-token'];
  if (accessKeyId === undefined || region === undefined) return null;
  return { accessKeyId, region, sessionToken: typeof token === 'string' ? token : null };
}

/** What an AccessDenied message names: the table, its index or its stream, or all tables for ListTables. */
function resourceOf(account: Account, { table, index, stream }: RequestSummary): string {
  if (stream !== null) return stream;
  if (table === null) return account.tableArn('*');
  return index === null ? account.tableArn(table) : `${account.tableArn(table)}/index/${index}`;
}
