import type { Clock } from '../platform/clock.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Absent: they do not expire by themselves. */
  readonly expiration?: Date;
}

export interface CredentialCache {
  /** The current credentials. Concurrent calls share one fetch. */
  readonly get: () => Promise<AwsCredentials>;
  /** Forgets what AWS has rejected, unless newer credentials have been fetched since. */
  readonly forget: (accessKeyId: string) => void;
}

/** A session is renewed while it still has this long to live (sessions last an hour; 15 min at the least). */
const RENEW_AHEAD_MS = 5 * 60_000;
/** Shorter than this a session could end while a signed request is on its way. */
const LAST_USE_MS = 15_000;
/** Pause between attempts to renew in the background, so that a broken STS is not asked before every read. */
const RENEW_PAUSE_MS = 20_000;

/**
 * Keeps credentials and renews them in the background, so that reads go on under the old ones meanwhile. A renewal that
 * fails is tried again by the next call, and is an error only when the old credentials have ended.
 */
export function createCredentialCache(
  fetchCredentials: () => Promise<AwsCredentials>,
  clock: Pick<Clock, 'now'>,
): CredentialCache {
  let current: AwsCredentials | null = null;
  let pending: Promise<AwsCredentials> | null = null;
  let nextRenewalAtMs = 0;

  const renew = (): Promise<AwsCredentials> => {
    pending ??= fetchCredentials()
      .then((credentials) => {
        current = credentials;
        return credentials;
      })
      .finally(() => {
        pending = null;
      });
    return pending;
  };

  return {
    get: async () => {
      const leftMs = current === null ? 0 : (current.expiration?.getTime() ?? Infinity) - clock.now();
      if (current === null || leftMs < LAST_USE_MS) return await renew();
      if (leftMs < RENEW_AHEAD_MS && clock.now() >= nextRenewalAtMs) {
        nextRenewalAtMs = clock.now() + RENEW_PAUSE_MS;
        // The old credentials are good for minutes: this failure shows when they have ended and the renewal is awaited.
        renew().catch(() => {});
      }
      return current;
    },
    forget: (accessKeyId) => {
      if (current?.accessKeyId === accessKeyId) current = null;
    },
  };
}
