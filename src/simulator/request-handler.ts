import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Account, tableNameOf } from './account.ts';
import { ACTIONS } from './actions.ts';
import { type Answer, JSON_TYPE } from './answer.ts';
import { type Fault, type Faults, faultError } from './faults.ts';
import { denial, deniedMessage, type Identities, type Signature } from './identity.ts';
import { type Fields, isFields, parseBody } from './request-fields.ts';
import type { LoggedRequest, WritableRequestLog } from './request-log.ts';
import type { RequestSummary } from './request-summary.ts';
import { scan } from './scan.ts';
import { frameworkError, ServiceError } from './service-error.ts';
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
    const logged = parts.log.arrived(request.summary);
    for (const hook of parts.hooks) await hook(logged);
    const fault = parts.faults.strike(request.summary);
    logged.fault = fault?.kind ?? null;
    if (fault?.kind === 'slow-answer') await fault.gate.pass();
    const answer = answerRequest(parts, { request, logged, fault });
    logged.status = fault?.kind === 'reset' ? null : answer.status;
    return { answer, fault };
  };
}

interface ParsedRequest {
  readonly protocol: 'json' | 'query';
  readonly body: string;
  /** Null where the body is not a JSON object. */
  readonly fields: Fields | null;
  readonly signature: Signature | null;
  readonly summary: RequestSummary;
}

function answerRequest(
  parts: HandlerParts,
  {
    request,
    logged,
    fault,
  }: { readonly request: ParsedRequest; readonly logged: LoggedRequest; readonly fault: Fault | null },
): Answer {
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
    const json = runAction(parts.account, { request, logged, empty: fault?.kind === 'empty-page' });
    return { status: 200, contentType: JSON_TYPE, body: Buffer.from(json) };
  } catch (thrown) {
    if (!(thrown instanceof ServiceError)) throw thrown;
    return errorAnswer(thrown, request.protocol);
  }
}

function runAction(
  account: Account,
  {
    request,
    logged,
    empty,
  }: { readonly request: ParsedRequest; readonly logged: LoggedRequest; readonly empty: boolean },
): string {
  const fields = request.fields ?? parseBody(request.body);
  if (request.summary.action === 'Scan') {
    const page = scan(account, fields, { empty });
    logged.itemCount = page.itemCount;
    logged.lastEvaluatedKey = page.lastEvaluatedKey;
    return page.body;
  }
  const action = ACTIONS.get(request.summary.action);
  if (action === undefined) throw frameworkError('UnknownOperationException', 'An unknown operation was requested.');
  const answer = action(account, fields);
  return typeof answer === 'string' ? answer : JSON.stringify(answer);
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
    const action = target.slice(target.indexOf('.') + 1);
    const fields = tolerantFields(body);
    return { protocol: 'json', body, fields, signature, summary: { ...summarize(action, fields ?? {}), accessKeyId } };
  }
  const action = new URLSearchParams(body).get('Action') ?? '';
  return { protocol: 'query', body, fields: null, signature, summary: { ...NOTHING, action, accessKeyId } };
}

const NOTHING = { table: null, index: null, segment: null, totalSegments: null, exclusiveStartKey: null };

function summarize(action: string, fields: Fields): Omit<RequestSummary, 'accessKeyId'> {
  const textOf = (name: string): string | null => {
    const value = fields[name];
    return typeof value === 'string' ? value : null;
  };
  const numberOf = (name: string): number | null => {
    const value = fields[name];
    return typeof value === 'number' ? value : null;
  };
  const batched = isFields(fields['RequestItems']) ? Object.keys(fields['RequestItems'])[0] : undefined;
  const name = textOf('TableName') ?? textOf('ResourceArn') ?? batched ?? null;
  const startKey = fields['ExclusiveStartKey'];
  return {
    action,
    table: name === null ? null : tolerantTableName(name),
    index: textOf('IndexName'),
    segment: numberOf('Segment'),
    totalSegments: numberOf('TotalSegments'),
    exclusiveStartKey: startKey === undefined || startKey === null ? null : JSON.stringify(startKey),
  };
}

function tolerantFields(body: string): Fields | null {
  try {
    return parseBody(body);
  } catch {
    return null;
  }
}

function tolerantTableName(name: string): string {
  try {
    return tableNameOf(name);
  } catch {
    return name;
  }
}

function parseSignature(message: IncomingMessage): Signature | null {
  const match = /Credential=([^/,\s]+)\/[^/]*\/([^/]*)\//.exec(message.headers.authorization ?? '');
  const [, accessKeyId, region] = match ?? [];
  const token = message.headers['x-amz-security-token'];
  if (accessKeyId === undefined || region === undefined) return null;
  return { accessKeyId, region, sessionToken: typeof token === 'string' ? token : null };
}

/** What an AccessDenied message names: the table or index, or all tables for ListTables. */
function resourceOf(account: Account, { table, index }: RequestSummary): string {
  if (table === null) return account.tableArn('*');
  return index === null ? account.tableArn(table) : `${account.tableArn(table)}/index/${index}`;
}
