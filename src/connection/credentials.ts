import { readFile } from 'node:fs/promises';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  type STSClient,
} from '@aws-sdk/client-sts';
import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { AssumedRole, BaseCredentials, ConnectionOptions } from '../model/connection-options.ts';
import type { Clock } from '../platform/clock.ts';
import { messageOf, TributaryError } from '../platform/errors.ts';
import { type AwsCredentials, type CredentialCache, createCredentialCache } from './credential-cache.ts';
import { mapAwsError } from './errors.ts';

/** Makes an STS client that acts under the credentials given; null for calls that are not signed. */
export type StsClientFactory = (credentials: CredentialCache | null) => STSClient;

export interface CredentialChain {
  /** The first identity: environment, profile, static keys or web identity. */
  readonly base: CredentialCache;
  /** The identity after each role, in the order in which they are assumed. */
  readonly roles: readonly { readonly role: AssumedRole; readonly credentials: CredentialCache }[];
  /** The identity that reads tables: the last role, else the base. */
  readonly reader: CredentialCache;
}

/** Nothing is fetched before the first use. */
export function createCredentialChain(
  options: ConnectionOptions,
  createSts: StsClientFactory,
  clock: Pick<Clock, 'now'>,
): CredentialChain {
  const base = createCredentialCache(() => baseCredentials(options, createSts), clock);
  const roles: { role: AssumedRole; credentials: CredentialCache }[] = [];
  let caller = base;
  for (const role of options.roles) {
    const sts = createSts(caller);
    caller = createCredentialCache(() => assumeRole(sts, role, options), clock);
    roles.push({ role, credentials: caller });
  }
  return { base, roles, reader: caller };
}

async function baseCredentials(options: ConnectionOptions, createSts: StsClientFactory): Promise<AwsCredentials> {
  const { credentials } = options;
  if (credentials.kind === 'static') {
    return {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey.reveal(),
      ...(credentials.sessionToken === null ? {} : { sessionToken: credentials.sessionToken.reveal() }),
    };
  }
  if (credentials.kind === 'web-identity')
    return await assumeRoleWithWebIdentity(credentials, options, createSts(null));
  // A provider of its own for each fetch, because the SDK's providers and file readers keep what they once found: keys
  // that were rotated in a file are found this way.
  const provider =
    credentials.kind === 'profile'
      ? fromIni({ profile: credentials.profile, ignoreCache: true })
      : fromNodeProviderChain({ ignoreCache: true });
  try {
    return await provider();
  } catch (error) {
    const place = credentials.kind === 'profile' ? `profile ${credentials.profile}` : 'the default AWS chain';
    const hint = missingHint(options);
    throw new TributaryError('CREDENTIALS_MISSING', `No AWS credentials found in ${place}: ${messageOf(error)}`, {
      cause: error,
      context: { source: options.source },
      ...(hint === null ? {} : { hint }),
    });
  }
}

function missingHint({ credentials, endpoint }: ConnectionOptions): string | null {
  if (credentials.kind === 'profile') {
    const login = `aws sso login --profile ${credentials.profile}`;
    return `Compare \`profile\` with the names in ~/.aws/config and ~/.aws/credentials, or log in with \`${login}\``;
  }
  if (endpoint === null) return null;
  return 'A local DynamoDB takes any key: set AWS_ACCESS_KEY_ID=local and AWS_SECRET_ACCESS_KEY=local';
}

async function assumeRole(sts: STSClient, role: AssumedRole, options: ConnectionOptions): Promise<AwsCredentials> {
  const command = new AssumeRoleCommand({
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName ?? sessionName(options.source),
    ...(role.externalId === null ? {} : { ExternalId: role.externalId }),
  });
  try {
    const answer = await sts.send(command);
    return sessionCredentials(answer.Credentials, role.roleArn);
  } catch (error) {
    throw mapAwsError(error, { action: 'sts:AssumeRole', roleArn: role.roleArn, options });
  }
}

async function assumeRoleWithWebIdentity(
  { tokenFile, roleArn }: Extract<BaseCredentials, { kind: 'web-identity' }>,
  options: ConnectionOptions,
  sts: STSClient,
): Promise<AwsCredentials> {
  // Read at every renewal: the platform that wrote the token replaces it before it ends.
  const token = await readFile(tokenFile, 'utf8').catch((error: unknown) => {
    throw new TributaryError('CREDENTIALS_MISSING', `Cannot read the web identity token: ${messageOf(error)}`, {
      hint: `Check that the file ${tokenFile} exists and is readable`,
      cause: error,
    });
  });
  const command = new AssumeRoleWithWebIdentityCommand({
    RoleArn: roleArn,
    RoleSessionName: sessionName(options.source),
    WebIdentityToken: token.trim(),
  });
  try {
    const answer = await sts.send(command);
    return sessionCredentials(answer.Credentials, roleArn);
  } catch (error) {
    throw mapAwsError(error, { action: 'sts:AssumeRoleWithWebIdentity', roleArn, options });
  }
}

function sessionCredentials(credentials: Credentials | undefined, roleArn: string): AwsCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
    throw new TributaryError('ANSWER_CORRUPT', `The answer of STS for role ${roleArn} has no credentials`);
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}

/** What the customer sees in CloudTrail. STS takes 2 to 64 of [\w+=,.@-]. */
function sessionName(source: string): string {
  return `tributary-${source}`.replace(/[^\w+=,.@-]/g, '-').slice(0, 64);
}
