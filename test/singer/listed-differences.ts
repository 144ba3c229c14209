/**
 * Where our tap does something else than the Python tap, on purpose. A test that proves a difference is named by it
 * (`difference`), and every one has such a test: `listed-differences.test.ts`.
 */
export const LISTED_DIFFERENCES = {
  'one SCHEMA': {
    python: 'writes the SCHEMA of a table twice, one behind the other',
    ours: 'writes it once',
  },
  'STATE before rows': {
    python: 'begins each table with the STATE that it was given, before the SCHEMA',
    ours: 'writes it directly before the first RECORD: some targets take the first STATE for loaded when rows come behind it, and for the last when none do',
  },
  'numbers at the limits': {
    python: 'fails on numbers that DynamoDB writes with more than 100 digits',
    ours: 'writes every number that DynamoDB can hold',
  },
  'binary keys': {
    python: 'fails between two pages of a table whose key is no UTF-8',
    ours: 'goes on',
  },
  'deleted rows come back': {
    python: 'leaves _sdc_deleted_at out of the records of items that exist, so a target never clears it',
    ours: 'writes it as null in every other record of a table that follows its stream',
  },
  'open shards': {
    python: 'reads a shard when it is closed, after about four hours',
    ours: 'reads open shards too, unless closed_shards_only asks for the latency of the Python tap',
  },
  'absent paths of a projection': {
    python:
      'makes nulls and empty lists of paths that an image does not have, and lists in the order of the projection',
    ours: 'leaves them out and keeps the order of the list, as DynamoDB does in a Scan',
  },
  'state of finished shards': {
    python: 'adds every closed shard to the state again in each run',
    ours: 'keeps a shard once, as long as it can be listed',
  },
  'interrupted initial load': {
    python: 'begins the first load of a followed table anew after each interruption',
    ours: 'goes on with the page behind the last one',
  },
  'last success long ago': {
    python:
      'reads the whole table again when the last success is 19 hours and 30 minutes ago, with an empty version active meanwhile',
    ours: 'goes on while DynamoDB has the records: evidence decides, not age',
  },
  'unknown replication method': {
    python: 'counts a table without a known replication method as a success',
    ours: 'refuses the catalog, with exit code 2',
  },
  'undefined placeholder': {
    python: 'takes a placeholder that is not defined for the name of an attribute while it reads a stream',
    ours: 'refuses the projection, with exit code 2',
  },
  'text "false"': {
    python: 'takes "use_local_dynamo": "false" for true',
    ours: 'takes it for false',
  },
  'keys of roles': {
    python: 'asks for the role also where none is assumed',
    ours: 'asks for it only with AWS; both name all keys that are missing, ours with exit code 2 instead of 1',
  },
  'no role': {
    python: 'refuses a config without the keys of a role',
    ours: 'reads with the default AWS credentials then',
  },
  'closed pipe': {
    python: 'ends with a traceback and exit code 1 when its reader is gone',
    ours: 'says so in one line, with exit code 5',
  },
  'catalog under --properties': {
    python: 'reads --properties and does nothing with it',
    ours: 'takes it for --catalog',
  },
} as const;

export type ListedDifference = keyof typeof LISTED_DIFFERENCES;

/** The name of the test that proves it. */
export function difference(name: ListedDifference): string {
  const { python, ours } = LISTED_DIFFERENCES[name];
  return `${name}: the Python tap ${python}; ours ${ours}`;
}
