/*
 * Which options of a map that we know nothing about hold secrets: its names say so, and addresses with a password do.
 */

const SECRET_NAME =
  /(password|passwd|passphrase|secret|token|credentials?|(^|[^a-z])(api)?key|(^|[^a-z])(pass|pwd|sas))s?$/i;
/** Too wide to refuse such options, for some are names or paths; not too wide to keep them out of a log. */
const MAYBE_SECRET_NAME = /passw|passphrase|secret|credential/i;
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

/**
 * The secrets in a configuration of another program, as far as names and addresses tell, in all forms in which that program
 * may print them.
 */
export function secretsIn(config: unknown): readonly string[] {
  return secretForms(namedSecrets(config, ''));
}

/** The texts themselves, as they stand in JSON and in Python's repr, and their lines: a log is masked line by line. */
export function secretForms(secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap((secret) => {
    const json = JSON.stringify(secret).slice(1, -1);
    // A PEM text is often given in one line and made into several by the program.
    const lines = secret.split(/\r?\n|\\n/);
    return [secret, json, asciiJson(json), json.replaceAll('\\"', '"'), ...lines.map((line) => line.trim())];
  });
  return [...new Set(forms)].filter((form) => form.length >= LEAST_CHARS);
}

function namedSecrets(config: unknown, name: string): readonly string[] {
  if (typeof config === 'string') {
    const password = passwordInUrl(config);
    const isNamed = isSecretName(name) || MAYBE_SECRET_NAME.test(name);
    return [...(isNamed ? [config] : []), ...(password === null ? [] : [password, unescaped(password)])];
  }
  if (typeof config !== 'object' || config === null) return [];
  if (Array.isArray(config)) return config.flatMap((element) => namedSecrets(element, name));
  return Object.entries(config).flatMap(([key, value]) => namedSecrets(value, key));
}

/** As Python writes it, unless it is told otherwise. */
function asciiJson(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
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
