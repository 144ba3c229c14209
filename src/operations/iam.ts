import { createHash, randomUUID } from 'node:crypto';
import { createConnection } from '../connection/clients.ts';
import { type IamDocuments, iamDocuments } from '../connection/iam/iam-documents.ts';
import type { PolicyTable } from '../connection/iam/read-policy.ts';
import { probeIdentity } from '../connection/probe.ts';
import type { ConnectionOptions } from '../model/connection-options.ts';
import { partitionOf } from '../model/partition.ts';
import type { Clock } from '../platform/clock.ts';
import { type TributaryError, toTributaryError } from '../platform/errors.ts';

export interface IamOperationRequest {
  readonly connection: ConnectionOptions;
  /** As configured, digits only; null: the account of the caller. */
  readonly accountId: string | null;
  /** Selected tables, views and name patterns. */
  readonly tables: readonly PolicyTable[];
  /** From --trusted-principal; null: found out. */
  readonly trustedPrincipal: string | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For documents that must come out the same again. */
  readonly newExternalId?: () => string;
}

export interface IamResult {
  readonly documents: IamDocuments;
  /** Whether the external id was made for this answer: the next one has another unless it is put into the configuration. */
  readonly isNewExternalId: boolean;
  /** Why the identity that runs Tributary is not known and the documents have placeholders; null when it is. */
  readonly identityError: TributaryError | null;
}

/**
 * The IAM documents of one source. A role and an external id that are configured are kept; else an external id is made
 * and the name of the role comes from source, account and region. Works without credentials, with placeholders.
 */
export async function iam(request: IamOperationRequest): Promise<IamResult> {
  const { connection: options, tables } = request;
  const role = options.roles.at(-1) ?? null;
  const isKnown = request.trustedPrincipal !== null && request.accountId !== null;
  // Keys of a local DynamoDB are no identity of AWS.
  const isLocal = options.endpoint !== null && options.stsEndpoint === null;
  const caller = isKnown || isLocal ? null : await callerOf(request);
  const identity = caller !== null && 'arn' in caller ? caller : null;
  const accountId = request.accountId ?? accountOf(role?.roleArn) ?? identity?.accountId ?? null;
  // With two roles the first one, in the proxy account, is what the trust policy of the second has to name.
  const proxy = options.roles.length > 1 ? options.roles[0]?.roleArn : undefined;
  const root = identity === null ? null : `arn:${partitionOf(options.region)}:iam::${identity.accountId}:root`;
  const configured = role?.externalId ?? null;
  return {
    documents: iamDocuments({
      source: options.source,
      region: options.region,
      accountId,
      tables,
      trustedPrincipal: request.trustedPrincipal ?? proxy ?? root,
      roleName: role?.roleArn.split('/').at(-1) ?? uniqueRoleName(options, accountId),
      externalId: configured ?? (request.newExternalId ?? randomUUID)(),
    }),
    isNewExternalId: configured === null,
    identityError: caller !== null && !('arn' in caller) ? caller : null,
  };
}

async function callerOf({ connection: options, clock, signal }: IamOperationRequest) {
  const connection = createConnection(options, { clock });
  try {
    return await probeIdentity(connection, connection.credentials.base, signal);
  } catch (error) {
    signal.throwIfAborted();
    return toTributaryError(error);
  } finally {
    connection.close();
  }
}

function accountOf(roleArn: string | undefined): string | null {
  return roleArn === undefined ? null : (/^arn:[^:]+:iam::(\d{12}):/.exec(roleArn)?.[1] ?? null);
}

/** A role serves one source; IAM takes up to 64 characters of [\w+=,.@-]. */
function uniqueRoleName({ source, region }: ConnectionOptions, accountId: string | null): string {
  const mark = createHash('sha256').update(`${source}\n${region}\n${accountId}`).digest('hex').slice(0, 8);
  const name = source.toLowerCase().replace(/[^\w+=,.@-]/g, '-');
  return `tributary-${name.slice(0, 40)}-${mark}`;
}
