import { parseArgs } from 'node:util';

/** What the tap is asked for. Paths are as they were typed. */
export type TapCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'discover'; readonly config: string }
  | { readonly kind: 'sync'; readonly config: string; readonly catalog: string; readonly state: string | null }
  /** The arguments make no command, with the reason. */
  | { readonly kind: 'wrong'; readonly reason: string };

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  state: { type: 'string', short: 's' },
  catalog: { type: 'string' },
  properties: { type: 'string', short: 'p' },
  discover: { type: 'boolean', short: 'd' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

export function parseCommandLine(argv: readonly string[]): TapCommand {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // What follows the first sentence is advice about "--", which no argument of this command needs.
    return { kind: 'wrong', reason: error.message.split(/\. /)[0]?.replace(/\n.*/s, '') ?? '' };
  }
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const { config, state, discover, properties } = values;
  if (config === undefined) return { kind: 'wrong', reason: '--config FILE is missing' };
  // With a catalog beside it, too, as the Python tap has it.
  if (discover) return { kind: 'discover', config };
  const catalog = values.catalog ?? properties;
  if (catalog === undefined) {
    return { kind: 'wrong', reason: 'nothing to do: --discover or --catalog FILE is missing' };
  }
  return { kind: 'sync', config, catalog, state: state ?? null };
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS }).values;
}

export function usageText(name: string): string {
  return `Usage: ${name} --config FILE --discover
       ${name} --config FILE --catalog FILE [--state FILE]`;
}

export function helpText(name: string): string {
  return `${usageText(name)}

Singer tap for Amazon DynamoDB: writes the items of tables and the changes of their streams as
Singer messages.

Options:
  -c, --config FILE      the account and region, and how they are read (JSON)
  -d, --discover         write the catalog of the tables of the account and region
      --catalog FILE     replicate the streams that this catalog selects
  -p, --properties FILE  the same as --catalog
  -s, --state FILE       go on where the run that wrote this state has stopped
      --version          print the version
  -h, --help             print this help

Examples:
  ${name} --config config.json --discover > catalog.json
  ${name} --config config.json --catalog catalog.json | target-jsonl > states.jsonl
  tail -1 states.jsonl > state.json
  ${name} --config config.json --catalog catalog.json --state state.json | target-jsonl

Keys of the config:
  region_name            region of the tables
  account_id, role_name, external_id
                         the role to assume, all of them or none; needless with use_local_dynamo
                         or endpoint. Keys of AWS come from the environment, as in the AWS CLI
  proxy_account_id, proxy_role_name
                         a role to assume before that one
  use_local_dynamo       read http://localhost:8000 with keys from the environment
  request_timeout        seconds a request may take (300)
  endpoint               another address of DynamoDB
  infer_schema           SCHEMA messages with the attributes that were seen (false)
  closed_shards_only     leave the changes of open shards to a later run (false)
  segments               parts in which a table is scanned at once (1)
  consistent_read        strongly consistent Scans (false)
  max_concurrency        requests in flight (16)
  read_capacity          "50%" of what a table has provisioned, or units a second
  batch_config           BATCH messages in place of RECORDs, as in Meltano's SDK

Streams are selected in the catalog, in the metadata with the breadcrumb []: "selected": true and
"replication-method": "FULL_TABLE" or "LOG_BASED"; "tap-mongodb.projection" and
"tap-dynamodb.expression-attributes" choose attributes.

Exit codes:
  0    done
  2    the command, the config, the catalog or a table has to be corrected
  3    a permission is missing
  4    data or state that cannot be gone on with
  5    worth trying again, also: the reader of the messages has ended
  70   a defect of the tap
  130  stopped by SIGINT or SIGTERM
`;
}
