import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { connectionOptions, parseAccountId } from '../config/connection.ts';
import { readCapacity } from '../config/normalise.ts';
import { DEFAULT_MAX_CONCURRENCY, isReadCapacity } from '../config/schema.ts';
import { suggestion } from '../config/suggestion.ts';
import type { ConnectionOptions } from '../model/connection-options.ts';
import { TributaryError } from '../platform/errors.ts';
import type { ReplicationLimits } from '../replication/create-replications.ts';
import { plainIssue } from '../singer/plain-issue.ts';
import type { BatchStorage } from './batch-files.ts';

export interface TapConfig {
  readonly connection: ConnectionOptions;
  readonly limits: Pick<ReplicationLimits, 'maxConcurrency' | 'readCapacity' | 'segments'>;
  readonly shards: 'open' | 'closed';
  readonly consistentRead: boolean;
  readonly inferSchema: boolean;
  readonly batches: BatchStorage | null;
}

/** Where the Python tap looks for a local DynamoDB. */
const LOCAL_ENDPOINT = 'http://localhost:8000';
const REQUIRED_OF_ROLE = ['account_id', 'external_id', 'role_name'] as const;
const OF_ROLES = [...REQUIRED_OF_ROLE, 'proxy_account_id', 'proxy_role_name'] as const;
/** Names of sessions in the trails of accounts, as the Python tap gives them. */
const SESSION_NAMES = { role: ['TapDynamodDB'], proxyAndRole: ['ProxySession', 'TapDynamodDBCustSession'] };

const anObject = z.record(z.string(), z.unknown());
const text = z.string('expected a text');
const account = z
  .union([z.string(), z.number()], 'expected an AWS account id of 12 digits')
  .refine((id) => parseAccountId(id) !== null, 'expected an AWS account id of 12 digits');
const flag = z.union(
  [z.boolean(), z.stringbool(), z.literal([0, 1]).transform((bit) => bit === 1), z.literal('').transform(() => false)],
  'expected true or false',
);
/** Tools that fill in templates write numbers as text. */
const count = (most: number) => z.coerce.number().pipe(z.int().min(1).max(most));
const seconds = z.coerce.number('expected seconds').min(0, 'expected seconds').max(86_400, 'expected less than a day');

/** Config keys of the Python tap, then our own. A null counts as absent. */
const configSchema = z.looseObject({
  account_id: account.nullish(),
  external_id: text.nullish(),
  role_name: text.nullish(),
  region_name: text.nullish(),
  proxy_account_id: z.union([z.literal(''), account]).nullish(),
  proxy_role_name: text.nullish(),
  use_local_dynamo: flag.nullish(),
  request_timeout: seconds.nullish(),
  endpoint: z.url({ protocol: /^https?$/, error: `expected a URL such as ${LOCAL_ENDPOINT}` }).nullish(),
  infer_schema: flag.nullish(),
  closed_shards_only: flag.nullish(),
  segments: count(1_000).nullish(),
  consistent_read: flag.nullish(),
  max_concurrency: count(256).nullish(),
  read_capacity: z
    .union([z.string(), z.number()])
    .refine(isReadCapacity, 'expected a share from "1%" to "100%", or a number of units a second above 0')
    .nullish(),
  batch_config: z
    .looseObject({
      encoding: z
        .looseObject({ format: z.literal('jsonl').nullish(), compression: z.literal('gzip').nullish() })
        .nullish(),
      storage: z.looseObject({
        root: z.string().transform(folderOf),
        prefix: z
          .string()
          .regex(/^[^/\\]*$/, 'expected the beginning of a file name')
          .nullish(),
      }),
    })
    .nullish(),
});
type ConfigFile = z.infer<typeof configSchema>;

/**
 * The config of a tap, as the Python tap takes it. `warnings` are sentences about keys that mean nothing here. Throws
 * CONFIG_INVALID with all that is wrong.
 */
export function parseTapConfig(json: unknown): { readonly config: TapConfig; readonly warnings: readonly string[] } {
  const parsed = configSchema.safeParse(json, { error: plainIssue });
  const issues = parsed.success ? [] : parsed.error.issues;
  const problems = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  const missing = missingKeys(json);
  if (missing.length > 0) problems.unshift(`missing required keys: ${missing.join(', ')}`);
  const unknown = unknownKeys(json);
  if (!parsed.success || problems.length > 0) {
    const typos = unknown.flatMap(({ key, meant }) =>
      meant === null ? [] : [`${key}: not known; did you mean ${meant}?`],
    );
    throw invalid([...problems, ...typos], { isRoleInPart: REQUIRED_OF_ROLE.some((key) => missing.includes(key)) });
  }
  const warnings = unknown.map(({ key, meant }) => {
    const question = meant === null ? '' : `; did you mean ${meant}?`;
    return `The config key ${key} is not known and means nothing${question}`;
  });
  return { config: tapConfig(parsed.data), warnings: [...warnings, ...proxyWarnings(parsed.data)] };
}

function tapConfig(file: ConfigFile): TapConfig {
  const maxConcurrency = file.max_concurrency ?? DEFAULT_MAX_CONCURRENCY;
  const storage = file.batch_config?.storage;
  return {
    connection: connection(file, maxConcurrency),
    limits: {
      maxConcurrency,
      readCapacity: file.read_capacity == null ? null : readCapacity(String(file.read_capacity).trim()),
      // More cannot be handed over to the Python tap in the middle.
      segments: file.segments ?? 1,
    },
    shards: file.closed_shards_only ? 'closed' : 'open',
    consistentRead: file.consistent_read ?? false,
    inferSchema: file.infer_schema ?? false,
    batches: storage === undefined ? null : { folder: storage.root, prefix: storage.prefix ?? '' },
  };
}

function connection(file: ConfigFile, maxConcurrency: number): ConnectionOptions {
  const { account_id, role_name, external_id, proxy_account_id, proxy_role_name, use_local_dynamo } = file;
  const endpoint = file.endpoint ?? (use_local_dynamo ? LOCAL_ENDPOINT : null);
  const hasRole = !use_local_dynamo && account_id != null && role_name;
  // One without the other counts as none, as there.
  const hasProxy = hasRole && proxy_account_id && proxy_role_name;
  const options = connectionOptions({
    name: 'tap-dynamodb',
    file: {
      ...{ region: file.region_name ?? '', destination: 'stdout', max_concurrency: maxConcurrency },
      ...(endpoint === null ? {} : { endpoint }),
      ...(file.request_timeout == null ? {} : { request_timeout: file.request_timeout }),
      credentials: {
        ...(hasRole ? { account_id, role_name, ...(external_id ? { external_id } : {}) } : {}),
        ...(hasProxy ? { proxy_account_id, proxy_role_name } : {}),
      },
    },
  });
  const names = hasProxy ? SESSION_NAMES.proxyAndRole : SESSION_NAMES.role;
  const roles = options.roles.map((role, index) => ({ ...role, sessionName: names[index] ?? options.source }));
  return { ...options, roles };
}

/**
 * Python asks for a role also where it assumes none. One that is named in part is a mistake: without it, the tables of
 * another account might be read.
 */
function missingKeys(json: unknown): readonly string[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return [];
  const given = new Map<string, unknown>(Object.entries(json));
  const has = (key: string): boolean => !new Set<unknown>([undefined, null, '']).has(given.get(key));
  const isLocal = has('endpoint') || flag.safeParse(given.get('use_local_dynamo')).data === true;
  const needsRole = !isLocal && OF_ROLES.some(has);
  return [...(needsRole ? REQUIRED_OF_ROLE : []), 'region_name'].filter((key) => !has(key));
}

interface UnknownKey {
  readonly key: string;
  /** The key that was probably meant, or null. */
  readonly meant: string | null;
}

function unknownKeys(json: unknown): readonly UnknownKey[] {
  const { batch_config: batches } = configSchema.shape;
  const { encoding, storage } = batches.unwrap().unwrap().shape;
  return [
    ...unknownKeysAt([], { json, known: configSchema.shape }),
    ...unknownKeysAt(['batch_config'], { json, known: batches.unwrap().unwrap().shape }),
    ...unknownKeysAt(['batch_config', 'encoding'], { json, known: encoding.unwrap().unwrap().shape }),
    ...unknownKeysAt(['batch_config', 'storage'], { json, known: storage.shape }),
  ];
}

function unknownKeysAt(
  path: readonly string[],
  { json, known }: { readonly json: unknown; readonly known: object },
): readonly UnknownKey[] {
  let at: unknown = json;
  for (const key of path) at = anObject.safeParse(at).data?.[key];
  const names = Object.keys(known);
  return Object.keys(anObject.safeParse(at).data ?? {})
    .filter((key) => !names.includes(key))
    .map((key) => ({ key: [...path, key].join('.'), meant: suggestion(key, names) ?? longerOrShorter(key, names) }));
}

/** `region` for `region_name`, `endpoint_url` for `endpoint`. */
function longerOrShorter(key: string, names: readonly string[]): string | null {
  return names.find((name) => name.startsWith(`${key}_`) || key.startsWith(`${name}_`)) ?? null;
}

/** Both or none, as there: who fills in a form may leave one empty. */
function proxyWarnings({ proxy_account_id: account, proxy_role_name: role }: ConfigFile): readonly string[] {
  if (Boolean(account) === Boolean(role)) return [];
  const [given, missing] = account ? ['proxy_account_id', 'proxy_role_name'] : ['proxy_role_name', 'proxy_account_id'];
  return [`The config key ${given} means nothing without ${missing}: no proxy role is assumed`];
}

/** As Meltano's SDK writes folders: a `file:` URL; a path is as good. */
function folderOf(root: string, context: z.RefinementCtx): string {
  if (isAbsolute(root)) return root;
  // The system's own check refuses what can be no path, such as an encoded slash.
  if (/^file:\/\/\/(?!.*%(2f|00))/i.test(root)) return fileURLToPath(root);
  context.addIssue({ code: 'custom', message: 'expected the URL of a local folder, such as file:///var/lib/batches' });
  return z.NEVER;
}

const ROLE_HINT =
  'Give all keys of the role; or none of them, to read with the default AWS credentials; or `endpoint` or `use_local_dynamo`, ' +
  'which need no role';

function invalid(problems: readonly string[], { isRoleInPart }: { readonly isRoleInPart: boolean }): TributaryError {
  const [first = '', ...others] = problems;
  const message = others.length === 0 ? ` ${first}` : problems.map((problem) => `\n- ${problem}`).join('');
  return new TributaryError('CONFIG_INVALID', `The config cannot be used:${message}`, {
    hint: isRoleInPart ? ROLE_HINT : 'Correct the keys that are named; `tap-dynamodb --help` lists them all',
  });
}
