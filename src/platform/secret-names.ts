/*
 * Which options of a map that we know nothing about hold secrets: its names say so, and addresses with a password do.
 */

const SECRET_NAME = /(password|passwd|passphrase|secret|token|credentials?|(^|[^a-z])key)s?$/i;
/** Shorter ones would be found everywhere. */
const LEAST_CHARS = 4;

/** Whether an option of this name may hold a secret: `password`, `api_key`, `accessToken`; not `key_properties`. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/([a-z])([A-Z])/g, '$1_$2'));
}

/** The password of an address such as `postgresql://user:password@host`, as it is written there; null where it has none. */
export function passwordInUrl(text: string): string | null {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*:([^/?#\s]+)@/i.exec(text)?.[1] ?? null;
}

/** The secrets in a configuration of another program, as far as names and addresses tell. */
export function secretsIn(config: unknown, name = ''): readonly string[] {
  if (typeof config === 'string') {
    const password = passwordInUrl(config);
    const found = [
      ...(isSecretName(name) ? [config] : []),
      ...(password === null ? [] : [password, unescaped(password)]),
    ];
    return found.filter((secret) => secret.length >= LEAST_CHARS);
  }
  if (typeof config !== 'object' || config === null) return [];
  if (Array.isArray(config)) return config.flatMap((element) => secretsIn(element, name));
  return Object.entries(config).flatMap(([key, value]) => secretsIn(value, key));
}

/** A text with every secret made unreadable, the longest first: one may be a part of another. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return [...secrets]
    .sort((a, b) => b.length - a.length)
    .reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
