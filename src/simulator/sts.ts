import { randomUUID } from 'node:crypto';
import type { Identities, Identity } from './identity.ts';
import { ServiceError } from './service-error.ts';

const DEFAULT_DURATION_SECONDS = 3600;

/** Answers an STS action of the query protocol with the XML of its result. */
export function answerSts(identities: Identities, caller: Identity, form: URLSearchParams): string {
  const action = form.get('Action') ?? '';
  if (action === 'GetCallerIdentity') {
    return envelope(action, { UserId: caller.userId, Account: caller.accountId, Arn: caller.arn });
  }
  if (action === 'AssumeRole') {
    const credentials = identities.assumeRole(caller, {
      roleArn: form.get('RoleArn') ?? '',
      sessionName: form.get('RoleSessionName') ?? '',
      externalId: form.get('ExternalId'),
      durationSeconds: Number(form.get('DurationSeconds') ?? DEFAULT_DURATION_SECONDS),
    });
    return envelope(action, {
      Credentials: {
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        SessionToken: credentials.sessionToken,
        Expiration: new Date(credentials.expiresAtMs).toISOString(),
      },
      AssumedRoleUser: { AssumedRoleId: credentials.assumedRoleId, Arn: credentials.assumedRoleArn },
    });
  }
  throw new ServiceError('InvalidAction', `Could not find operation ${action} for version 2011-06-15`, 400);
}

/** The XML of an error. Codes of STS have neither namespace nor the suffix of the JSON protocol. */
export function stsError(error: ServiceError): string {
  const code =
    STS_CODES[error.type.slice(error.type.indexOf('#') + 1)] ?? error.type.slice(error.type.indexOf('#') + 1);
  return xml({
    ErrorResponse: {
      Error: { Type: error.status >= 500 ? 'Receiver' : 'Sender', Code: code, Message: error.message },
      RequestId: randomUUID(),
    },
  });
}

const STS_CODES: Readonly<Record<string, string>> = {
  UnrecognizedClientException: 'InvalidClientTokenId',
  ExpiredTokenException: 'ExpiredToken',
  AccessDeniedException: 'AccessDenied',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  ThrottlingException: 'Throttling',
};

interface XmlTree {
  readonly [name: string]: string | XmlTree;
}

function envelope(action: string, result: XmlTree): string {
  return xml({
    [`${action}Response`]: { [`${action}Result`]: result, ResponseMetadata: { RequestId: randomUUID() } },
  });
}

function xml(tree: XmlTree): string {
  return Object.entries(tree)
    .map(([name, content]) => `<${name}>${typeof content === 'string' ? escapeXml(content) : xml(content)}</${name}>`)
    .join('');
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
