import type { Secret } from '../platform/secret.ts';

/** Where the first identity comes from; roles are assumed on top of it. */
export type BaseCredentials =
  /** The default AWS chain: environment, shared files, SSO, container, instance. */
  | { readonly kind: 'chain' }
  | { readonly kind: 'profile'; readonly profile: string }
  | {
      readonly kind: 'static';
      readonly accessKeyId: string;
      readonly secretAccessKey: Secret;
      readonly sessionToken: Secret | null;
    }
  | { readonly kind: 'web-identity'; readonly tokenFile: string; readonly roleArn: string };

export interface AssumedRole {
  readonly roleArn: string;
  readonly externalId: string | null;
  /** What the trail of the account shows, and what trust policies may ask for; absent: after the source. */
  readonly sessionName?: string;
}

/** Everything that is needed to talk to one account and region. */
export interface ConnectionOptions {
  /** Name of the source, for messages and role session names. */
  readonly source: string;
  readonly region: string;
  /** Overrides of the AWS endpoints, for a local DynamoDB; null means AWS. */
  readonly endpoint: string | null;
  readonly stsEndpoint: string | null;
  readonly credentials: BaseCredentials;
  /** Assumed one after the other: none, the customer's role, or a proxy role and then the customer's role. */
  readonly roles: readonly AssumedRole[];
  readonly requestTimeoutMs: number;
  /** Requests that may be in flight at once; sizes the keep-alive agent. */
  readonly maxConnections: number;
}
