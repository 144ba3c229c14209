import { describe, expect, test } from 'vitest';
import { TributaryError } from '../platform/errors.ts';
import { isThrottle, mapAwsError } from './errors.ts';

const OPTIONS = { source: 'shop', region: 'eu-central-1', endpoint: null, stsEndpoint: null };
const SCAN = { action: 'dynamodb:Scan', table: 'orders', options: OPTIONS };

function failure(name: string, message = 'no', extra: object = {}): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } }, extra);
}

function mapped(thrown: unknown, call: Parameters<typeof mapAwsError>[1] = SCAN): TributaryError {
  const error = mapAwsError(thrown, call);
  if (error instanceof TributaryError) return error;
  throw new Error('Not mapped');
}

describe('an error of AWS becomes', () => {
  const status = (httpStatusCode: number): object => ({ $metadata: { httpStatusCode } });
  test.each<[string, string, string, object]>([
    ['THROTTLED', 'ProvisionedThroughputExceededException', 'The level of …', {}],
    ['THROTTLED', 'TooMuch', 'no', status(429)],
    ['ACCESS_DENIED', 'AccessDeniedException', 'User: a is not authorized', {}],
    [
      'CREDENTIALS_REJECTED',
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      {},
    ],
    ['CREDENTIALS_REJECTED', 'ExpiredTokenException', 'expired', {}],
    ['CREDENTIALS_REJECTED', 'InvalidSignatureException', 'The request signature we calculated does not match', {}],
    ['CREDENTIALS_MISSING', 'CredentialsProviderError', 'Could not load credentials from any providers', {}],
    ['CLOCK_SKEW', 'InvalidSignatureException', 'Signature expired: 20260101T000000Z is now earlier than …', {}],
    ['CLOCK_SKEW', 'InvalidSignatureException', 'Signature not yet current: …', {}],
    ['CLOCK_SKEW', 'RequestTimeTooSkewed', 'no', {}],
    ['REGION_INVALID', 'InvalidSignatureException', "Credential should be scoped to a valid region, not 'x'. ", {}],
    ['TABLE_NOT_FOUND', 'ResourceNotFoundException', 'Requested resource not found', {}],
    ['TABLE_NOT_READY', 'ResourceInUseException', 'Table is being created', {}],
    ['TABLE_NOT_READY', 'ValidationException', 'Cannot read from backfilling global secondary index: x', {}],
    ['INDEX_NOT_FOUND', 'ValidationException', 'The table does not have the specified index: x', {}],
    ['PROJECTION_INVALID', 'ValidationException', 'Invalid ProjectionExpression: Syntax error; token: """', {}],
    ['REQUEST_REFUSED', 'ValidationException', 'The provided starting key is invalid', {}],
    ['REQUEST_REFUSED', 'UnknownOperationException', 'no', {}],
    ['SOURCE_UNAVAILABLE', 'InternalServerError', 'no', status(500)],
    ['SOURCE_UNAVAILABLE', 'SyntaxError', 'Unexpected token <', status(503)],
    ['ANSWER_CORRUPT', 'SyntaxError', 'Unexpected end of JSON input', status(200)],
    ['ENDPOINT_UNREACHABLE', 'SyntaxError', 'Unexpected token <', status(407)],
    ['ENDPOINT_UNREACHABLE', 'Error', 'connect ECONNREFUSED', { code: 'ECONNREFUSED', $metadata: {} }],
    ['ENDPOINT_UNREACHABLE', 'TimeoutError', 'read ETIMEDOUT', { code: 'ETIMEDOUT', $metadata: {} }],
    [
      'ENDPOINT_UNREACHABLE',
      'Error',
      'self-signed certificate',
      { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', $metadata: {} },
    ],
    ['ENDPOINT_UNREACHABLE', 'Error', 'getaddrinfo ENOTFOUND', { code: 'ENOTFOUND', $metadata: {} }],
    ['BUG', 'TypeError', 'undefined is not a function', { $metadata: undefined }],
  ])('%s: %s %s', (code, name, message, extra) => {
    const error = mapped(failure(name, message, extra));
    expect(error.code).toBe(code);
    expect(error.message).toContain('dynamodb:Scan on orders failed');
    expect(error.hint).not.toBe('');
    expect(error.cause).toBeInstanceOf(Error);
  });
});

test('the message is one line and names what failed; the context names source, table, region and action', () => {
  const error = mapped(
    failure('ResourceNotFoundException', 'gone\n  Deserialization error: to see the raw response …'),
  );
  expect(error.message).toBe('dynamodb:Scan on orders failed: there is no such table in region eu-central-1');
  expect(error.context).toEqual({ source: 'shop', region: 'eu-central-1', action: 'dynamodb:Scan', table: 'orders' });
  expect(mapped(failure('InternalServerError', 'one\ntwo', { $metadata: { httpStatusCode: 500 } })).message).toBe(
    'dynamodb:Scan on orders failed: one',
  );
});

describe('a denial', () => {
  const arn = 'arn:aws:dynamodb:eu-central-1:123456789012:table/orders';
  test.each([
    [
      `User: arn:aws:iam::1:user/x is not authorized to perform: dynamodb:Scan on resource: ${arn} because no identity-based policy allows the dynamodb:Scan action`,
      `Allow dynamodb:Scan on ${arn}: attach the policy`,
    ],
    [
      `User: x is not authorized to perform: dynamodb:Scan on resource: ${arn} with an explicit deny in a service control policy`,
      `Remove the explicit deny of dynamodb:Scan on ${arn} from the service control policy`,
    ],
    ['User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:::key/1 because …', 'key policy'],
    ['no details', 'Allow dynamodb:Scan: attach the policy that `tributary iam --source shop` prints'],
  ])('%s', (message, hint) => {
    expect(mapped(failure('AccessDeniedException', message)).hint).toContain(hint);
  });

  test('of a role names the role and points at the trust policy', () => {
    const roleArn = 'arn:aws:iam::123456789012:role/r';
    const error = mapped(failure('AccessDenied'), { action: 'sts:AssumeRole', roleArn, options: OPTIONS });
    expect(error).toMatchObject({ code: 'ROLE_NOT_ASSUMABLE', context: { role: roleArn } });
    expect(error.message).toContain(roleArn);
  });
});

test('a region without an endpoint comes with the nearest one that exists', () => {
  const lost = failure('Error', 'getaddrinfo ENOTFOUND dynamodb.eu-centrall-1.amazonaws.com', { code: 'ENOTFOUND' });
  const error = mapped(lost, { ...SCAN, options: { ...OPTIONS, region: 'eu-centrall-1' } });
  expect(error).toMatchObject({ code: 'REGION_INVALID', hint: expect.stringContaining('Did you mean eu-central-1?') });
});

test.each([
  'LimitExceededException',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
])('%s of a stream is about its readers, not about the capacity of the table', (name) => {
  for (const action of ['DescribeStream', 'GetShardIterator', 'GetRecords']) {
    const error = mapped(failure(name), { ...SCAN, action: `dynamodb:${action}` });
    expect(error).toMatchObject({ code: 'THROTTLED', hint: expect.stringContaining('other readers of the stream') });
  }
  expect(mapped(failure(name)).hint).toContain('capacity of the table');
});

test('a stream call that is refused for its rate by status alone is about its readers, too', () => {
  const tooMany = failure('TooMuch', 'no', { $metadata: { httpStatusCode: 429 } });
  const error = mapped(tooMany, { ...SCAN, action: 'dynamodb:GetRecords' });
  expect(error).toMatchObject({ code: 'THROTTLED', hint: expect.stringContaining('other readers of the stream') });
});

test('a stop stays what it was', () => {
  const reason = new Error('stopped');
  const stop = AbortSignal.abort(reason);
  expect(mapAwsError(failure('AbortError'), { ...SCAN, signal: stop })).toBe(reason);
  expect(mapAwsError(failure('InternalServerError'), { ...SCAN, signal: stop })).toBe(reason);
  const abort = failure('AbortError');
  expect(mapAwsError(abort, SCAN)).toBe(abort);
});

test('an error that is mapped already stays', () => {
  const error = new TributaryError('ROLE_NOT_ASSUMABLE', 'x');
  expect(mapAwsError(error, SCAN)).toBe(error);
});

test('all names of throttling are known as such', () => {
  expect(isThrottle(failure('RequestLimitExceeded'))).toBe(true);
  expect(isThrottle(failure('ValidationException'))).toBe(false);
});
