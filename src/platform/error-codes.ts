import type { ErrorKind } from './error-policy.ts';

interface ErrorDescription {
  readonly kind: ErrorKind;
  /** What it means, for the generated reference. */
  readonly cause: string;
  /** What to do about it, for the generated reference; a thrower gives a sharper `hint` where it knows more. */
  readonly fix: string;
}

/** Every error a user can meet. docs/reference/errors.md is generated from this table. */
export const ERROR_CODES = {
  // Configuration and command line
  USAGE: {
    kind: 'user',
    cause: 'A command was called with an unknown option, a missing argument or options that exclude each other.',
    fix: 'Run the command with --help and compare with the examples.',
  },
  CONFIG_NOT_FOUND: {
    kind: 'user',
    cause: 'There is no configuration file at the path that was given, or no tributary.yaml in the current folder.',
    fix: 'Run `tributary init`, or name the file with --config.',
  },
  CONFIG_EXISTS: {
    kind: 'user',
    cause: '`tributary init` found a file where it would write the new one.',
    fix: 'Choose another path with --config, or remove the file yourself.',
  },
  CONFIG_SYNTAX: {
    kind: 'user',
    cause: 'The configuration file is not valid YAML.',
    fix: 'Correct the line that the message names.',
  },
  CONFIG_INVALID: {
    kind: 'user',
    cause: 'The configuration has an unknown option, a value of the wrong type, or options that do not fit together.',
    fix: 'Correct the line and option that the message names; docs/reference/config.md lists all options.',
  },
  CONFIG_ENV_MISSING: {
    kind: 'user',
    cause:
      'The configuration refers to an environment variable (written with a dollar sign and braces) that is not set.',
    fix: 'Set the variable in the environment of the command.',
  },
  CONFIG_UNWRITABLE: {
    kind: 'user',
    cause: 'The configuration file or the home folder could not be written.',
    fix: 'Check the permissions and the free space of the folder, or choose another with --config or --home.',
  },
  // Connection to AWS
  CREDENTIALS_MISSING: {
    kind: 'permission',
    cause: 'No AWS credentials were found in the places that the source is configured to look in.',
    fix: 'Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile or role under `credentials`.',
  },
  CREDENTIALS_REJECTED: {
    kind: 'permission',
    cause:
      'AWS does not accept the credentials: the key is unknown, the signature is wrong, or the session has expired.',
    fix: 'Check the key pair or log in again; `tributary check` shows which identity is used.',
  },
  ROLE_NOT_ASSUMABLE: {
    kind: 'permission',
    cause: 'AWS denied sts:AssumeRole: the trust policy does not name the caller, or the external id differs.',
    fix: 'Compare the trust policy of the role with the output of `tributary iam`.',
  },
  ACCESS_DENIED: {
    kind: 'permission',
    cause: 'The identity is valid but may not perform the action on the table.',
    fix: 'Attach the policy that `tributary iam` prints.',
  },
  REGION_INVALID: {
    kind: 'user',
    cause: 'The region is not one that AWS has, or the account has not enabled it.',
    fix: 'Use a region code such as us-east-1, or set `endpoint` for a local DynamoDB.',
  },
  ENDPOINT_UNREACHABLE: {
    kind: 'transient',
    cause: 'No connection to the DynamoDB or STS endpoint could be made, or it broke and did not come back.',
    fix: 'Check network, proxy and the `endpoint` option, then run again: nothing that was done is lost.',
  },
  CLOCK_SKEW: {
    kind: 'user',
    cause: 'The clock of this machine differs from that of AWS by more than AWS accepts in a signature.',
    fix: 'Set the clock of the machine, for example with NTP.',
  },
  THROTTLED: {
    kind: 'transient',
    cause: 'DynamoDB kept refusing reads because the table or account has no capacity left.',
    fix: 'Lower `read_capacity`, raise the capacity of the table, or run at a quieter hour; the next run resumes.',
  },
  SOURCE_UNAVAILABLE: {
    kind: 'transient',
    cause: 'DynamoDB answered with a server error again and again.',
    fix: 'Look at the AWS status page; the next run resumes.',
  },
  ANSWER_CORRUPT: {
    kind: 'transient',
    cause: 'An answer from DynamoDB was empty, cut short, or did not match its checksum, again and again.',
    fix: 'Look for a proxy or a network device between Tributary and AWS that alters answers; the next run resumes.',
  },
  REQUEST_REFUSED: {
    kind: 'user',
    cause: 'DynamoDB refused a request as invalid.',
    fix: 'Read the message of DynamoDB that the error carries.',
  },
  // Discovery and selection
  TABLE_NOT_FOUND: {
    kind: 'user',
    cause: 'The table does not exist in this account and region.',
    fix: 'Compare with `tributary discover`; check the region of the source.',
  },
  TABLE_NOT_READY: {
    kind: 'transient',
    cause: 'The table or index is being created, updated or deleted and cannot be read completely yet.',
    fix: 'Run again when its status is ACTIVE.',
  },
  INDEX_NOT_FOUND: {
    kind: 'user',
    cause: 'The table has no secondary index of that name.',
    fix: 'Compare with `tributary discover`; a view is written as table/index.',
  },
  PROJECTION_INVALID: {
    kind: 'user',
    cause: 'The projection expression is not valid, misses a key attribute, or uses a name that is not defined.',
    fix: 'Correct the projection at the position that the message names.',
  },
  SELECTION_INVALID: {
    kind: 'user',
    cause: 'The selection names tables that cannot be replicated as configured.',
    fix: 'Change the method or the options of the table as the message says.',
  },
  NOTHING_SELECTED: {
    kind: 'user',
    cause: 'No table of the source is selected.',
    fix: 'Run `tributary discover` and then `tributary select TABLE --method FULL_TABLE`, or `--method LOG_BASED` to follow its stream.',
  },
  CATALOG_INVALID: {
    kind: 'user',
    cause:
      'The Singer catalog is no JSON of the shape that discovery writes, or describes a stream that cannot be replicated.',
    fix: 'Correct the stream and key that the message names, or write the catalog again with `tap-dynamodb --discover`.',
  },
  CHECK_FAILED: {
    kind: 'user',
    cause: 'At least one step of `tributary check` has failed.',
    fix: 'Do what the failed steps say, then check again.',
  },
  // Streams
  STREAM_TRIMMED: {
    kind: 'data',
    cause: 'Stream records behind the bookmark are gone: DynamoDB keeps them for 24 hours.',
    fix: 'Nothing where `on_gap` is `resync`: the table is read again by itself. Else reset the table, and follow it more often.',
  },
  ITERATOR_EXPIRED: {
    kind: 'transient',
    cause: 'A place in a shard was kept for longer than the 15 minutes for which DynamoDB knows it.',
    fix: 'Nothing: reading goes on from the bookmark.',
  },
  STREAM_NOT_FOUND: {
    kind: 'user',
    cause: 'The stream or one of its shards does not exist (any more).',
    fix: 'Check with `tributary check` that the stream of the table is enabled.',
  },
  STREAM_POSITION_REFUSED: {
    kind: 'data',
    cause: 'DynamoDB refused a sequence number as one that the shard does not have.',
    fix: 'Reset the table if its state was edited or comes from another table; else report it with the message.',
  },
  STREAM_VIEW_TYPE: {
    kind: 'user',
    cause: 'The stream does not carry the images of items that the table needs as it is configured.',
    fix: 'Give the table a stream of the view type NEW_AND_OLD_IMAGES (or NEW_IMAGE, without `keep_last_image`).',
  },
  // Values and schema
  ITEM_MALFORMED: {
    kind: 'data',
    cause: 'An answer was complete by its checksum, but an item in it is not valid DynamoDB JSON.',
    fix: 'Report it with the table and byte position of the message; nothing of the page was loaded.',
  },
  SCHEMA_TOO_WIDE: {
    kind: 'data',
    cause: 'The table has more attributes than the destination can hold as columns.',
    fix: 'Choose the attributes you need with a projection.',
  },
  // Loading
  DESTINATION_UNKNOWN: {
    kind: 'user',
    cause: 'The destination type is not one that this version has.',
    fix: 'Use one of the types that the message lists.',
  },
  DESTINATION_LOCKED: {
    kind: 'transient',
    cause: 'Another process holds the DuckDB file or the destination folder open.',
    fix: 'Close the program that the message names, or let readers use a copy with the `publish` option.',
  },
  DESTINATION_FULL: {
    kind: 'transient',
    cause: 'The disk of the destination has no space left.',
    fix: 'Free some space; nothing half-written was kept and the next run resumes.',
  },
  DESTINATION_READ_ONLY: {
    kind: 'user',
    cause: 'The destination cannot be written: read-only file system or missing permission.',
    fix: 'Give the user of Tributary write access, or choose another path.',
  },
  DESTINATION_INVALID: {
    kind: 'data',
    cause: 'The file or folder at the destination is not what Tributary wrote there, or is damaged.',
    fix: 'Choose another path, or restore the file from a backup.',
  },
  DESTINATION_NAME_TAKEN: {
    kind: 'user',
    cause: 'The destination already has a table of that name which Tributary did not create.',
    fix: 'Rename or move the other table, or load the source under another name.',
  },
  DESTINATION_FAILED: {
    kind: 'transient',
    cause: 'The destination refused a statement or a write for a reason of its own.',
    fix: 'Read the message of the destination that the error carries; the next run resumes.',
  },
  TARGET_UNUSABLE: {
    kind: 'user',
    cause: 'The command of the Singer target is not there, or may not be executed.',
    fix: 'Install the target, or correct `command` of the destination.',
  },
  TARGET_REFUSES: {
    kind: 'transient',
    cause: 'The Singer target ends with an error even when it is given nothing to load. No other table was tried.',
    fix: 'Correct `config` and `args` of the destination, or what the target connects to; all that it has said is in the log of the run.',
  },
  TARGET_FAILED: {
    kind: 'transient',
    cause:
      'The Singer target could not be started, ended before it had confirmed everything, or confirmed what it was not given.',
    fix: 'Read what the target has said, in the log of the run; the next run goes on from what it has confirmed.',
  },
  TARGET_HUNG: {
    kind: 'transient',
    cause: 'The Singer target has taken nothing, or has not ended, for longer than it is waited for; it was stopped.',
    fix: 'Look at what the target waits for, or wait longer with `echo_timeout` or `exit_timeout`; the next run goes on from what it has confirmed.',
  },
  FENCED: {
    kind: 'transient',
    cause: 'Another process has taken over the table; what this one had not committed was rolled back.',
    fix: 'Run again when no other process replicates the table; a `sync --follow` that still runs is to be stopped first.',
  },
  STATE_INVALID: {
    kind: 'data',
    cause: 'The stored state cannot be read: it is damaged or was written by a newer version of Tributary.',
    fix: 'Use the version that wrote it, or reset the table.',
  },
  STATE_NOT_EDITABLE: {
    kind: 'user',
    cause:
      'Bookmarks were to be put where rows would be lost, or come twice: those of a full reading, whose rows are only added, of another version than the one that is loaded, or of a table that waits for a decision.',
    fix: 'Do what the message says; a reset of the table always works: the next run reads all of it again.',
  },
  SHRINK_REFUSED: {
    kind: 'data',
    cause: 'The new version of a table has lost more than half of the rows of the version that readers see now.',
    fix: 'If that is right, run again with --allow-shrink; until then the old version stays.',
  },
  GAP_WAITS: {
    kind: 'data',
    cause:
      'Changes of a table were lost before they could be read, and the table is not read again by itself: the policy is `on_gap: fail`, it was read again within the last 24 hours already, or its stream is disabled.',
    fix: 'Look at `tributary gaps`. `tributary reset --table NAME --in-place` reads the table again while readers keep what is there.',
  },
  SNAPSHOT_FAILED: {
    kind: 'data',
    cause: 'Changes were lost three times while the first reading of a table, or a repeated one, was on its way.',
    fix: 'Let the table be read faster and without long breaks (`read_capacity`, the destination), then run `tributary reset --table NAME --in-place`.',
  },
  // Runs
  TABLES_FAILED: {
    kind: 'transient',
    cause: 'Some tables of the run failed; the others were loaded.',
    fix: 'Do what the fix of each failed table says (`tributary status` shows them again), then run again: what was loaded is kept.',
  },
  OUTPUT_CLOSED: {
    kind: 'transient',
    cause: 'What reads the standard output of the command has ended before the command had written everything.',
    fix: 'Look at why the reader has ended: it says so itself; the next run goes on from the last state that it has passed on.',
  },
  CANCELLED: {
    kind: 'cancelled',
    cause: 'The run was stopped by a person or by the system.',
    fix: 'Start it again; it goes on from the last durable bookmark.',
  },
  BUG: {
    kind: 'bug',
    cause: 'Tributary met a situation that its authors thought impossible.',
    fix: 'Report it with the message and the log; no bookmark was moved past rows that are not durable.',
  },
} as const satisfies Record<string, ErrorDescription>;

export type ErrorCode = keyof typeof ERROR_CODES;
