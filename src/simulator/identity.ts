import { randomBytes } from 'node:crypto';
import { expiredToken } from './faults.ts';
import { frameworkError, ServiceError } from './service-error.ts';

/** Actions such as `Scan` and table names; `*` is all of them. An identity without grants may do everything. */
interface Grant {
  readonly actions: readonly string[];
  readonly tables: readonly string[];
}

export interface AccessKey {
  readonly accessKeyId: string;
  /** Of the user; default `arn:aws:iam::<account>:user/<accessKeyId>`. */
  readonly arn?: string;
  readonly policy?: readonly Grant[];
}

export interface Role {
  readonly arn: string;
  /** Asked for where it is set. */
  readonly externalId?: string;
  /** ARNs of users, roles, or `arn:aws:iam::<account>:root` for a whole account; anybody where absent. */
  readonly trustedPrincipals?: readonly string[];
  readonly policy?: readonly Grant[];
}

export interface Identity {
  /** As AWS writes it in messages: a user, or an assumed-role session. */
  readonly arn: string;
  /** What a trust policy names: the user, or the role behind a session. */
  readonly principal: string;
  readonly accountId: string;
  readonly userId: string;
  readonly policy: readonly Grant[] | null;
}

/** The parts of a SigV4 request that the simulator looks at. */
export interface Signature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly sessionToken: string | null;
}

interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  readonly assumedRoleArn: string;
  readonly assumedRoleId: string;
}

interface AssumeRoleRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId: string | null;
  readonly durationSeconds: number;
}

/**
 * Who may do what. Requests are judged by their access key id, session token and region only: the signature itself is
 * not recomputed, so a wrong secret goes unnoticed. Without configured access keys every key is accepted.
 */
export interface Identities {
  /** Errors: MissingAuthenticationToken, UnrecognizedClient, ExpiredToken, InvalidSignature (region). */
  authenticate(signature: Signature | null): Identity;
  assumeRole(caller: Identity, request: AssumeRoleRequest): SessionCredentials;
  /** Ends the life of an access key or of a session at once, as a rotation does. */
  revoke(accessKeyId: string): void;
  addAccessKey(key: AccessKey): void;
}

interface IdentitiesOptions {
  readonly accountId: string;
  readonly region: string;
  readonly accessKeys: readonly AccessKey[] | null;
  readonly roles: readonly Role[];
  readonly now: () => number;
}

interface Session {
  readonly identity: Identity;
  readonly token: string;
  readonly expiresAtMs: number;
}

export function createIdentities(options: IdentitiesOptions): Identities {
  const { accountId, region, roles, now } = options;
  const users = new Map<string, Identity>();
  const sessions = new Map<string, Session>();
  const checked = options.accessKeys !== null;
  const addAccessKey = (key: AccessKey): void => {
    users.set(key.accessKeyId, userIdentity(key, accountId));
  };
  for (const key of options.accessKeys ?? []) addAccessKey(key);

  return {
    addAccessKey,
    authenticate: (signature) => {
      if (signature === null) {
        throw frameworkError('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
      }
      const session = sessions.get(signature.accessKeyId);
      const user = users.get(signature.accessKeyId);
      if (!checked && session === undefined) return userIdentity(signature, accountId);
      if (session !== undefined && session.token === signature.sessionToken) {
        if (now() >= session.expiresAtMs) throw expiredToken();
      } else if (user === undefined || signature.sessionToken !== null) {
        throw frameworkError('UnrecognizedClientException', 'The security token included in the request is invalid.');
      }
      if (signature.region !== region) {
        throw frameworkError(
          'InvalidSignatureException',
          `Credential should be scoped to a valid region, not '${signature.region}'. `,
        );
      }
      return session?.identity ?? user ?? userIdentity(signature, accountId);
    },
    assumeRole: (caller, request) => {
      const role = roles.find(({ arn }) => arn === request.roleArn);
      const trusted = role?.trustedPrincipals?.some((principal) => trusts(principal, caller)) ?? true;
      const idMatches = role?.externalId === undefined || role.externalId === request.externalId;
      if (role === undefined || !trusted || !idMatches) {
        throw new ServiceError(
          'AccessDenied',
          `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${request.roleArn}`,
          403,
        );
      }
      const session = openSession(role, request, now());
      sessions.set(session.credentials.accessKeyId, session);
      return session.credentials;
    },
    revoke: (accessKeyId) => {
      users.delete(accessKeyId);
      const session = sessions.get(accessKeyId);
      if (session !== undefined) sessions.set(accessKeyId, { ...session, expiresAtMs: now() });
    },
  };
}

/** AWS's message where no policy allows the action, or null where one does. */
export function denial(
  identity: Identity,
  { action, table, resource }: { readonly action: string; readonly table: string | null; readonly resource: string },
): ServiceError | null {
  const allowed =
    identity.policy === null ||
    identity.policy.some(
      ({ actions, tables }) =>
        covers(actions, action) && (table === null ? covers(tables, '*') : covers(tables, table)),
    );
  return allowed ? null : frameworkError('AccessDeniedException', deniedMessage(identity, { action, resource }));
}

export function deniedMessage(
  identity: Identity,
  { action, resource }: { readonly action: string; readonly resource: string },
): string {
  return `User: ${identity.arn} is not authorized to perform: dynamodb:${action} on resource: ${resource} because no identity-based policy allows the dynamodb:${action} action`;
}

function covers(granted: readonly string[], wanted: string): boolean {
  return granted.includes('*') || granted.includes(wanted);
}

function trusts(principal: string, caller: Identity): boolean {
  return principal === '*' || principal === caller.principal || principal === `arn:aws:iam::${caller.accountId}:root`;
}

function userIdentity(key: AccessKey, accountId: string): Identity {
  const arn = key.arn ?? `arn:aws:iam::${accountId}:user/${key.accessKeyId}`;
  return {
    arn,
    principal: arn,
    accountId: arn.split(':')[4] ?? accountId,
    userId: `AIDA${key.accessKeyId}`,
    policy: key.policy ?? null,
  };
}

function openSession(
  role: Role,
  { sessionName, durationSeconds }: AssumeRoleRequest,
  nowMs: number,
): Session & { readonly credentials: SessionCredentials } {
  const accountId = role.arn.split(':')[4] ?? '';
  const roleName = role.arn.split('/').at(-1) ?? '';
  const roleId = `AROA${randomBytes(8).toString('hex').toUpperCase()}`;
  const assumedRoleArn = `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
  const userId = `${roleId}:${sessionName}`;
  const token = randomBytes(48).toString('base64');
  const expiresAtMs = nowMs + durationSeconds * 1000;
  return {
    identity: { arn: assumedRoleArn, principal: role.arn, accountId, userId, policy: role.policy ?? null },
    token,
    expiresAtMs,
    credentials: {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: token,
      expiresAtMs,
      assumedRoleArn,
      assumedRoleId: userId,
    },
  };
}
