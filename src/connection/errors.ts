import type { ConnectionOptions } from '../model/connection-options.ts';
import type { ErrorCode } from '../platform/error-codes.ts';
import { messageOf, systemCodeOf, TributaryError } from '../platform/errors.ts';
import { isKnownRegion, nearestRegion } from './region.ts';
import { BROKEN_ANSWER } from './whole-answer.ts';

/** What was being done when an AWS call failed. */
export interface AwsCall {
  /** IAM action, for example `dynamodb:Scan`. */
  readonly action: string;
  readonly options: Pick<ConnectionOptions, 'source' | 'region' | 'endpoint' | 'stsEndpoint'>;
  readonly table?: string;
  readonly index?: string | null;
  readonly shard?: string;
  readonly roleArn?: string;
  readonly signal?: AbortSignal;
}

/** What there is to know about a failure, read from the SDK's many shapes once. */
interface Failure {
  readonly name: string;
  /** One line, without the advice that the SDK appends. */
  readonly message: string;
  readonly status: number | null;
  readonly networkCode: string | null;
}

interface Verdict {
  readonly code: ErrorCode;
  readonly hint?: string;
  /** Replaces the message of AWS. */
  readonly message?: string;
}

const THROTTLES = new Set([
  ...['ProvisionedThroughputExceededException', 'ThrottlingException', 'Throttling', 'RequestLimitExceeded'],
  ...[
    'LimitExceededException',
    'TooManyRequestsException',
    'RequestThrottled',
    'RequestThrottledException',
    'SlowDown',
  ],
]);
const REJECTED_SESSIONS = new Set([
  ...['ExpiredToken', 'ExpiredTokenException', 'UnrecognizedClientException', 'InvalidClientTokenId'],
]);
const REJECTED_SIGNATURES = new Set([
  ...['InvalidSignatureException', 'SignatureDoesNotMatch', 'IncompleteSignature', 'IncompleteSignatureException'],
  ...['MissingAuthenticationToken', 'MissingAuthenticationTokenException', 'InvalidIdentityToken', 'OptInRequired'],
]);
const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);
const SKEWED_SIGNATURE = /signature (expired|not yet current)/i;
const WRONG_REGION = /scoped to a valid region/;
const DENIALS = new Set(['AccessDenied', 'AccessDeniedException']);
const ABOUT_PROJECTION = /ProjectionExpression|ExpressionAttributeNames|document path/;
const STREAM_ACTIONS = new Set(['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords']);
const ABOUT_SEQUENCE_NUMBER = /sequence ?number/i;
const ABOUT_INDEX = /does not have the specified index/;
const NOT_READY = /backfilling|being (created|updated|deleted)|not ready|CREATING/i;

/** DynamoDB refused the read because of its rate, and nothing else was wrong with it. */
export function isThrottle(thrown: unknown): boolean {
  const { name, status } = readFailure(thrown);
  return THROTTLES.has(name) || status === 429;
}

/** AWS does not take these keys (any more); others might do. */
export function isCredentialRejection(thrown: unknown): boolean {
  return REJECTED_SESSIONS.has(readFailure(thrown).name);
}

/**
 * Anything that an AWS client rejected with, as the error to throw: a TributaryError that names action, table and region,
 * or the reason of the signal when the call was aborted. Passes TributaryErrors through.
 */
export function mapAwsError(thrown: unknown, call: AwsCall): unknown {
  if (call.signal?.aborted) return call.signal.reason;
  if (thrown instanceof TributaryError) return thrown;
  const failure = readFailure(thrown);
  if (failure.name === 'AbortError') return thrown;
  const verdict =
    networkVerdict(failure, call) ??
    permissionVerdict(failure, call) ??
    streamVerdict(failure, call) ??
    requestVerdict(failure, call);
  if (verdict === null) return new TributaryError('BUG', `${subject(call)}: ${failure.message}`, { cause: thrown });
  return new TributaryError(verdict.code, `${subject(call)}: ${verdict.message ?? failure.message}`, {
    cause: thrown,
    context: {
      source: call.options.source,
      region: call.options.region,
      action: call.action,
      ...(call.table === undefined ? {} : { table: call.table }),
      ...(call.shard === undefined ? {} : { shard: call.shard }),
      ...(call.roleArn === undefined ? {} : { role: call.roleArn }),
    },
    ...(verdict.hint === undefined ? {} : { hint: verdict.hint }),
  });
}

/** Nobody answered, or something that is not DynamoDB did. */
function networkVerdict({ name, message, status, networkCode }: Failure, call: AwsCall): Verdict | null {
  const { region } = call.options;
  const endpoint = call.action.startsWith('sts:') ? call.options.stsEndpoint : call.options.endpoint;
  if (name === BROKEN_ANSWER) return { code: 'ANSWER_CORRUPT' };
  if (name === 'SyntaxError') {
    if (status === 200) return { code: 'ANSWER_CORRUPT', message: 'the answer is not JSON' };
    if (status !== null && status >= 500) {
      return { code: 'SOURCE_UNAVAILABLE', message: `answer ${status} with a body that is not JSON` };
    }
    return {
      code: 'ENDPOINT_UNREACHABLE',
      message: `answer ${status} with a body that is not JSON`,
      hint: 'Something between Tributary and AWS answered: check proxy settings and the `endpoint` option',
    };
  }
  if ((networkCode === 'ENOTFOUND' || networkCode === 'EAI_AGAIN') && endpoint === null && !isKnownRegion(region)) {
    return {
      code: 'REGION_INVALID',
      message: `there is no endpoint for region ${region}: ${message}`,
      hint: `Did you mean ${nearestRegion(region)}? If ${region} is right, check the name resolution of this machine`,
    };
  }
  if (networkCode !== null || name === 'TimeoutError') {
    const at = endpoint ?? `region ${region}`;
    return { code: 'ENDPOINT_UNREACHABLE', message: `no answer from ${at}: ${message}` };
  }
  return null;
}

/** Who asked is the problem: keys, clock, role or policy. */
function permissionVerdict({ name, message }: Failure, call: AwsCall): Verdict | null {
  if (SKEWED.has(name) || (REJECTED_SIGNATURES.has(name) && SKEWED_SIGNATURE.test(message))) {
    return { code: 'CLOCK_SKEW' };
  }
  if (name === 'CredentialsProviderError') return { code: 'CREDENTIALS_MISSING' };
  if (REJECTED_SESSIONS.has(name)) {
    return name.startsWith('Expired')
      ? { code: 'CREDENTIALS_REJECTED', hint: 'The session has expired: log in again or renew the temporary keys' }
      : {
          code: 'CREDENTIALS_REJECTED',
          hint: `Check the access key; the same answer comes when the account has not enabled region ${call.options.region}`,
        };
  }
  if (REJECTED_SIGNATURES.has(name) && WRONG_REGION.test(message)) {
    return { code: 'REGION_INVALID', hint: 'The endpoint serves another region: correct `region` or `endpoint`' };
  }
  if (REJECTED_SIGNATURES.has(name)) {
    return { code: 'CREDENTIALS_REJECTED', hint: 'Check the secret access key that belongs to the access key id' };
  }
  if (!DENIALS.has(name)) return null;
  if (call.action.startsWith('sts:AssumeRole')) {
    return {
      code: 'ROLE_NOT_ASSUMABLE',
      hint: 'Compare the trust policy of the role (principal and external id) with the output of `tributary iam`, and the policy of the caller',
    };
  }
  return { code: 'ACCESS_DENIED', hint: denialHint(message, call) };
}

/** A stream or one of its shards cannot be read from there. */
function streamVerdict({ name, message, status }: Failure, { action, shard }: AwsCall): Verdict | null {
  if (!STREAM_ACTIONS.has(action)) return null;
  if (name === 'TrimmedDataAccessException') return { code: 'STREAM_TRIMMED' };
  if (name === 'ExpiredIteratorException') {
    return { code: 'ITERATOR_EXPIRED', message: 'the iterator is older than 15 minutes' };
  }
  if (name === 'ResourceNotFoundException') {
    return { code: 'STREAM_NOT_FOUND', message: `there is no such ${shard === undefined ? 'stream' : 'shard'}` };
  }
  if (THROTTLES.has(name) || status === 429) {
    // Reading a stream takes no capacity of the table.
    const hint =
      'Look for other readers of the stream: DynamoDB takes two of a shard, and 10 DescribeStream calls a second';
    return { code: 'THROTTLED', hint };
  }
  if (name === 'ValidationException' && ABOUT_SEQUENCE_NUMBER.test(message)) return { code: 'STREAM_POSITION_REFUSED' };
  return null;
}

/** The request itself, the table, or the state of DynamoDB is the problem. */
function requestVerdict({ name, message, status }: Failure, call: AwsCall): Verdict | null {
  if (THROTTLES.has(name) || status === 429) return { code: 'THROTTLED' };
  if (name === 'RegionDisabledException') {
    return { code: 'REGION_INVALID', hint: `Activate STS for ${call.options.region} in the account settings of IAM` };
  }
  if (name === 'ResourceNotFoundException' || name === 'TableNotFoundException') {
    return {
      code: 'TABLE_NOT_FOUND',
      message: `there is no such table in region ${call.options.region}`,
    };
  }
  if (name === 'ResourceInUseException') return { code: 'TABLE_NOT_READY' };
  if (name === 'ValidationException') {
    if (ABOUT_INDEX.test(message)) return { code: 'INDEX_NOT_FOUND' };
    if (NOT_READY.test(message)) return { code: 'TABLE_NOT_READY' };
    return { code: ABOUT_PROJECTION.test(message) ? 'PROJECTION_INVALID' : 'REQUEST_REFUSED' };
  }
  if (status === null) return null;
  return { code: status >= 500 ? 'SOURCE_UNAVAILABLE' : 'REQUEST_REFUSED' };
}

/** IAM says which action on which resource was denied, and whether for want of a permission or by a deny. */
function denialHint(message: string, call: AwsCall): string {
  const denied = /not authorized to perform: (\S+)(?: on resource: (\S+))?/.exec(message);
  const action = denied?.[1] ?? call.action;
  const resource = denied?.[2] === undefined ? '' : ` on ${denied[2]}`;
  const explicit = /explicit deny in an? ([\w -]+)/.exec(message);
  if (explicit) return `Remove the explicit deny of ${action}${resource} from the ${explicit[1]?.trim()}`;
  if (action.startsWith('kms:')) {
    return `Let the identity use ${action}${resource}: add it to the key policy of the table's KMS key`;
  }
  return `Allow ${action}${resource}: attach the policy that \`tributary iam --source ${call.options.source}\` prints`;
}

function subject({ action, table, index, shard, roleArn }: AwsCall): string {
  const read = index ? `${table}/${index}` : table;
  const target = roleArn ?? ([shard, read].filter((part) => part !== undefined).join(' of ') || undefined);
  return target === undefined ? `${action} failed` : `${action} on ${target} failed`;
}

function readFailure(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { name: '', message: messageOf(thrown), status: null, networkCode: null };
  const code = systemCodeOf(thrown);
  // A host name with several addresses fails with one error for all of them.
  const first = thrown instanceof AggregateError && thrown.errors[0] instanceof Error ? thrown.errors[0] : thrown;
  return {
    name: thrown.name,
    message: first.message.split('\n', 1)[0]?.trim() || thrown.name,
    status: statusOf(thrown),
    networkCode:
      code !== undefined && /^(E[A-Z_]+|CERT_\w+|DEPTH_ZERO\w+|SELF_SIGNED\w+|UNABLE_TO\w+)$/.test(code) ? code : null,
  };
}

function statusOf(thrown: Error): number | null {
  if (!('$metadata' in thrown) || typeof thrown.$metadata !== 'object' || thrown.$metadata === null) return null;
  const metadata = thrown.$metadata;
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null;
}
