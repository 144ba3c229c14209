import { z } from 'zod';
import { parseDurationMs } from '../platform/duration.ts';
import { TABLE_DEFAULTS } from './table-defaults.ts';

/**
 * Every option of tributary.yaml, declared once: the type, the checks, the JSON Schema for editors and
 * docs/reference/config.md come from here. `meta` carries prose for the last two; `secret` marks values that may only be
 * written as a reference to an environment variable.
 */
const text = (description: string, example?: string) =>
  z
    .string()
    .min(1)
    .meta({ description, ...(example === undefined ? {} : { examples: [example] }) });

const url = (description: string) =>
  text(description, 'http://127.0.0.1:8000').refine(isHttpUrl, 'expected a URL such as http://127.0.0.1:8000');

const accountId = (description: string) =>
  z.union([z.string(), z.number()], { error: 'expected an AWS account id of 12 digits' }).meta({
    description,
    examples: ['1234-5678-9012'],
  });

const secret = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .meta({ description, secret: true, examples: [example] });

const credentials = z
  .strictObject({
    profile: text('Profile of the shared AWS files to start from.', 'production').optional(),
    access_key_id: text('Access key to start from, with `secret_access_key`.', 'AKIAIOSFODNN7EXAMPLE').optional(),
    secret_access_key: secret('Secret of `access_key_id`.', reference('AWS_SECRET_ACCESS_KEY')).optional(),
    session_token: secret('Session token of temporary keys.', reference('AWS_SESSION_TOKEN')).optional(),
    web_identity_token_file: text(
      'File with an OIDC token to start from, with `web_identity_role_arn`.',
      '/var/run/secrets/token',
    ).optional(),
    web_identity_role_arn: text(
      'Role that the token is exchanged for.',
      'arn:aws:iam::123456789012:role/reader',
    ).optional(),
    account_id: accountId(
      'Account that owns the tables; dashes are allowed. With `role_name` it names the role to assume. ' +
        'Put an id that begins with 0 in quotes.',
    ).optional(),
    role_name: text('Role in `account_id` to assume.', 'tributary-shop').optional(),
    role_arn: text(
      'Role to assume, instead of `account_id` and `role_name`.',
      'arn:aws:iam::123456789012:role/tributary-shop',
    ).optional(),
    external_id: text('External id that the trust policy of the role asks for.').optional(),
    proxy_account_id: accountId('Account of a role to assume first, with `proxy_role_name`.').optional(),
    proxy_role_name: text('Role in `proxy_account_id` that may assume the role of the source.').optional(),
  })
  .meta({
    description: 'Who reads the tables. Without it the default AWS chain: environment, profile, container, instance.',
  });

const table = z
  .strictObject({
    method: z.enum(['FULL_TABLE', 'LOG_BASED']).meta({
      description:
        'FULL_TABLE scans the whole table in every run and swaps the result in. LOG_BASED loads the table once and then follows its stream, ' +
        'which must have the view type NEW_IMAGE or NEW_AND_OLD_IMAGES; not for an index.',
    }),
    projection: z
      .string()
      .meta({
        description: 'Projection expression: the attributes to read, the key included. Empty or absent means all.',
        examples: ['id, #n, address.city'],
      })
      .optional(),
    expression_attributes: z
      .record(z.string().min(1), z.string().min(1))
      .meta({
        description: 'Attribute names for the `#` placeholders of `projection`.',
        examples: [{ '#n': 'name' }],
      })
      .optional(),
    consistent_read: z
      .boolean()
      .meta({
        description: 'Strongly consistent reads: twice the capacity, and not possible on an index.',
        default: TABLE_DEFAULTS.consistentRead,
      })
      .optional(),
    strip_global_table_attributes: z
      .boolean()
      .meta({
        description:
          'Leave out the attributes `aws:rep:*`, which global tables of version 2017.11.29 write into every item.',
        default: TABLE_DEFAULTS.stripGlobalTableAttributes,
      })
      .optional(),
    deletes: z
      .enum(['soft', 'hard'])
      .meta({
        description:
          'LOG_BASED only. What becomes of the row of a deleted item: soft keeps its key, sets `_sdc_deleted_at` and makes the other columns null; hard removes it.',
        default: TABLE_DEFAULTS.deletes,
      })
      .optional(),
    keep_last_image: z
      .boolean()
      .meta({
        description:
          'LOG_BASED only, with soft deletes. Rows of deleted items keep their last values. The stream must have the view type NEW_AND_OLD_IMAGES.',
        default: TABLE_DEFAULTS.keepLastImage,
      })
      .optional(),
    ttl_deletes: z
      .enum(['replicate', 'ignore', 'flag'])
      .meta({
        description:
          'LOG_BASED only. What the expiry of an item by its TTL does: replicate deletes the row like any other; ignore keeps it as it was; ' +
          'flag is a soft delete that also sets `_sdc_deleted_by` to `ttl`.',
        default: TABLE_DEFAULTS.ttlDeletes,
      })
      .optional(),
    on_gap: z
      // Known, so that it is refused in words of its own.
      .enum(['resync', 'fail', 'repair'])
      .refine((policy) => policy !== 'repair', 'repair is not built yet; use resync or fail')
      .meta({
        description:
          'LOG_BASED only. After changes were lost (the stream was replaced, or not read for 24 hours): resync reads the whole table again by itself, ' +
          'while readers keep what they have; fail stops the table until a person resets it.',
        enum: ['resync', 'fail'],
        default: TABLE_DEFAULTS.onGap,
      })
      .optional(),
  })
  .meta({ description: 'One selected table, or `table/index` for a secondary index.' });

export const DEFAULT_REQUEST_TIMEOUT_MS = 300_000;
export const DEFAULT_MAX_CONCURRENCY = 16;
export const DEFAULT_FLUSH_INTERVAL_MS = 1_000;
/** Below, commits would follow each other without a pause; above, changes wait in memory for too long. */
const FLUSH_INTERVAL_MS = { least: 100, most: 300_000 };

const source = z
  .strictObject({
    region: text('AWS region of the tables.', 'eu-central-1'),
    endpoint: url('DynamoDB endpoint in place of that of AWS, for a local DynamoDB.').optional(),
    sts_endpoint: url('STS endpoint in place of that of AWS.').optional(),
    credentials: credentials.optional(),
    destination: text('Name of the destination under `destinations`.', 'warehouse'),
    request_timeout: z
      .union([z.string(), z.number()], { error: 'expected a duration such as 300s' })
      .refine((value) => value === '' || parseDurationMs(String(value)) !== null, 'expected a duration such as 300s')
      .meta({
        description: 'How long a request may take, in seconds or with a unit (ms, s, m, h). 0 and "" mean the default.',
        default: '300s',
      })
      .optional(),
    read_capacity: z
      .union([z.string(), z.number()], { error: 'expected a share such as "50%" or a number of RCU per second' })
      .refine(isReadCapacity, 'expected a share from "1%" to "100%", or a number of RCU per second above 0')
      .meta({
        description:
          'Capacity that reads may use: a share of what each table has provisioned, or RCU per second. Absent means no limit.',
        examples: ['50%', 200],
      })
      .optional(),
    max_concurrency: z
      .number()
      .int()
      .min(1)
      .max(256)
      .meta({
        description: 'Requests to DynamoDB that may be in flight at once, over all tables of the source.',
        default: DEFAULT_MAX_CONCURRENCY,
      })
      .optional(),
    flush_interval: z
      .union([z.string(), z.number()], { error: 'expected a duration such as 1s' })
      .refine(isFlushInterval, 'expected a duration from 100ms to 5m')
      .meta({
        description:
          'How often changes become visible at the destination while streams are followed, in seconds or with a unit (ms, s, m); 100ms to 5m. ' +
          'Shorter is fresher and costs more commits.',
        default: '1s',
      })
      .optional(),
    price_per_million_reads: z
      .number()
      .min(0)
      .meta({
        description:
          'USD for a million on-demand read request units, for the estimate of `sync --dry-run`. Absent means the price table of this version.',
        examples: [0.125],
      })
      .optional(),
    select_new_tables: z
      .array(z.string().min(1))
      .meta({
        description:
          'Name patterns (`*` for any characters, `?` for one). Tables that match are replicated FULL_TABLE although `tables` does not name them.',
        examples: [['orders-*']],
      })
      .optional(),
    tables: z
      .record(z.string().min(1), table)
      .meta({ description: 'The selected tables by name; `tributary select` edits them and keeps comments.' })
      .optional(),
  })
  .meta({
    description: 'One account and region of DynamoDB. Its name becomes the schema or folder at the destination.',
  });

const destination = z
  .looseObject({ type: text('Kind of destination; the other options depend on it.', 'duckdb') })
  .meta({
    description: 'Where tables are loaded.',
  });

/** The file as a person writes it. */
export const fileSchema = z
  .strictObject({
    sources: z.record(z.string().min(1), source).meta({ description: 'What is read, by name.' }).optional(),
    destinations: z.record(z.string().min(1), destination).meta({ description: 'Where it goes, by name.' }).optional(),
  })
  .meta({ title: 'tributary.yaml', description: 'Configuration of Tributary.' });

export type ConfigFile = z.infer<typeof fileSchema>;
export type SourceFile = z.infer<typeof source>;
export type CredentialsFile = z.infer<typeof credentials>;
export type TableFile = z.infer<typeof table>;

function reference(variable: string): string {
  return `\${${variable}}`;
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function isFlushInterval(value: string | number): boolean {
  const ms = parseDurationMs(String(value));
  return ms !== null && ms >= FLUSH_INTERVAL_MS.least && ms <= FLUSH_INTERVAL_MS.most;
}

export function isReadCapacity(value: string | number): boolean {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(String(value).trim())?.[1];
  if (percent !== undefined) return Number(percent) > 0 && Number(percent) <= 100;
  return String(value).trim() !== '' && Number(value) > 0 && Number.isFinite(Number(value));
}
