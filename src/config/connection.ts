import type { AssumedRole, BaseCredentials, ConnectionOptions } from '../model/connection-options.ts';
import { partitionOf } from '../model/partition.ts';
import { parseDurationMs } from '../platform/duration.ts';
import { Secret } from '../platform/secret.ts';
import type { OptionPath } from './config-text.ts';
import type { OptionProblem } from './option-problems.ts';
import {
  type CredentialsFile,
  DEFAULT_MAX_CONCURRENCY,
  DEFAULT_REQUEST_TIMEOUT_MS,
  type SourceFile,
} from './schema.ts';

interface NamedSource {
  readonly name: string;
  readonly file: SourceFile;
}

/** What connection/ needs of a source that `credentialProblems` found nothing against. */
export function connectionOptions({ name, file }: NamedSource): ConnectionOptions {
  const credentials = file.credentials ?? {};
  return {
    source: name,
    region: file.region,
    endpoint: file.endpoint ?? null,
    stsEndpoint: file.sts_endpoint ?? null,
    credentials: baseCredentials(credentials),
    roles: assumedRoles(credentials, partitionOf(file.region)),
    requestTimeoutMs: requestTimeoutMs(file.request_timeout),
    maxConnections: file.max_concurrency ?? DEFAULT_MAX_CONCURRENCY,
  };
}

/** 12 digits without dashes; null when it is not an account id. */
export function parseAccountId(value: string | number): string | null {
  const digits = String(value).replaceAll('-', '').trim();
  return /^\d{12}$/.test(digits) ? digits : null;
}

/** Options of `credentials` that exclude or need each other. */
export function credentialProblems(credentials: CredentialsFile, path: OptionPath): readonly OptionProblem[] {
  const problems: OptionProblem[] = [];
  const has = (name: keyof CredentialsFile): boolean => credentials[name] !== undefined;
  const need = (name: keyof CredentialsFile, other: keyof CredentialsFile): void => {
    if (has(name) && !has(other)) problems.push({ path: [...path, name], message: `needs ${other} beside it` });
  };
  const exclude = (name: keyof CredentialsFile, other: keyof CredentialsFile): void => {
    if (has(name) && has(other))
      problems.push({ path: [...path, name], message: `cannot stand beside ${other}; remove one` });
  };
  need('access_key_id', 'secret_access_key');
  need('secret_access_key', 'access_key_id');
  need('session_token', 'access_key_id');
  need('web_identity_token_file', 'web_identity_role_arn');
  need('web_identity_role_arn', 'web_identity_token_file');
  need('role_name', 'account_id');
  need('proxy_account_id', 'proxy_role_name');
  need('proxy_role_name', 'proxy_account_id');
  exclude('profile', 'access_key_id');
  exclude('profile', 'web_identity_token_file');
  exclude('access_key_id', 'web_identity_token_file');
  exclude('role_arn', 'role_name');
  const hasRole = has('role_arn') || has('role_name');
  for (const name of ['external_id', 'proxy_role_name'] as const) {
    if (has(name) && !hasRole)
      problems.push({ path: [...path, name], message: 'needs role_arn, or account_id and role_name' });
  }
  for (const name of ['account_id', 'proxy_account_id'] as const) {
    const value = credentials[name];
    if (value !== undefined && parseAccountId(value) === null) {
      const message = 'expected an AWS account id of 12 digits (one that begins with 0 needs quotes)';
      problems.push({ path: [...path, name], message });
    }
  }
  if (credentials.role_arn !== undefined && !/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(credentials.role_arn)) {
    const message = 'expected the ARN of a role, for example role_arn: arn:aws:iam::123456789012:role/tributary-shop';
    problems.push({ path: [...path, 'role_arn'], message });
  }
  return problems;
}

function baseCredentials(file: CredentialsFile): BaseCredentials {
  if (file.profile !== undefined) return { kind: 'profile', profile: file.profile };
  if (file.access_key_id !== undefined && file.secret_access_key !== undefined) {
    return {
      kind: 'static',
      accessKeyId: file.access_key_id,
      secretAccessKey: new Secret(file.secret_access_key),
      sessionToken: file.session_token === undefined ? null : new Secret(file.session_token),
    };
  }
  if (file.web_identity_token_file !== undefined && file.web_identity_role_arn !== undefined) {
    return { kind: 'web-identity', tokenFile: file.web_identity_token_file, roleArn: file.web_identity_role_arn };
  }
  return { kind: 'chain' };
}

/** The proxy role comes first and has no external id: that belongs to the trust policy of the customer's role. */
function assumedRoles(file: CredentialsFile, partition: string): readonly AssumedRole[] {
  const roleArn = file.role_arn ?? roleArnOf(partition, file.account_id, file.role_name);
  if (roleArn === null) return [];
  const proxyArn = roleArnOf(partition, file.proxy_account_id, file.proxy_role_name);
  const proxy = proxyArn === null ? [] : [{ roleArn: proxyArn, externalId: null }];
  return [...proxy, { roleArn, externalId: file.external_id ?? null }];
}

function roleArnOf(
  partition: string,
  account: string | number | undefined,
  roleName: string | undefined,
): string | null {
  if (account === undefined || roleName === undefined) return null;
  return `arn:${partition}:iam::${parseAccountId(account)}:role/${roleName}`;
}

function requestTimeoutMs(written: string | number | undefined): number {
  const ms = written === undefined ? null : parseDurationMs(String(written));
  return ms === null || ms === 0 ? DEFAULT_REQUEST_TIMEOUT_MS : ms;
}
