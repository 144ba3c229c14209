/**
 * Where DynamoDB Local 1.25.1 differs from the service, as observed, and what the simulator does instead. `basis` says why
 * the simulator is believed: AWS's documentation, or the wire as the SDK expects it. Behaviours marked `simulator only`
 * name their row; a row without behaviours is there for whoever compares answers.
 */
export const KNOWN_DIFFERENCES = {
  'table ARN': {
    local: 'refuses an ARN as TableName',
    simulator: 'takes it',
    basis: 'API reference, TableName: "You can also provide the Amazon Resource Name (ARN) of the table"',
  },
  tags: {
    local: 'UnknownOperationException: Tagging is not currently supported in DynamoDB Local.',
    simulator: 'keeps tags and lists them',
    basis: 'API reference, ListTagsOfResource',
  },
  'continuous backups': {
    local: 'UnknownOperationException',
    simulator: 'describes and switches point-in-time recovery',
    basis: 'API reference, DescribeContinuousBackups',
  },
  'table id': {
    local: 'DescribeTable has no TableId',
    simulator: 'a UUID, new for a table that is created again',
    basis: 'API reference, TableDescription',
  },
  'table statistics': {
    local: 'ItemCount and TableSizeBytes are exact at once',
    simulator: 'the same, and a test may set what is reported',
    basis: 'API reference, TableDescription: "updated approximately every six hours"',
  },
  'table status': {
    local: 'DeleteTable answers with ACTIVE; no table is ever CREATING',
    simulator: 'DeleteTable answers with DELETING; a test may set the status',
    basis: 'API reference, TableDescription',
  },
  'on-demand throughput': {
    local: 'accepts ProvisionedThroughput together with PAY_PER_REQUEST',
    simulator: 'refuses it',
    basis: 'API reference, CreateTable, BillingMode',
  },
  throttling: {
    local: 'never throttles',
    simulator: 'provisioned tables throttle where asked to: token buckets, 300 s of burst',
    basis: 'Developer guide, Burst capacity',
  },
  credentials: {
    local: 'accepts every key id of letters and digits, for every region; without Authorization header HTTP 500',
    simulator: 'configured keys, sessions, roles, grants and region are checked; without header a 400',
    basis: 'IAM user guide; error names as the SDK documents them',
  },
  sts: {
    local: 'has no STS',
    simulator: 'AssumeRole and GetCallerIdentity on the same port',
    basis: 'STS API reference',
  },
  faults: {
    local: 'cannot be made to fail',
    simulator: 'fails on command',
    basis: 'the SDK retries, or does not, as reference measurements of it showed',
  },
  'empty page': {
    local: 'an empty page with LastEvaluatedKey needs a filter',
    simulator: 'on command',
    basis: 'Developer guide, Scan: "An empty page with LastEvaluatedKey"',
  },
  'empty scan cost': {
    local: 'a Scan of nothing costs 0',
    simulator: 'costs the minimum, 0.5 or 1',
    basis: 'Developer guide, Scan, Capacity unit consumption',
  },
  'reserved words': {
    local: 'takes SIZE and CONVERT as attribute names',
    simulator: 'refuses them like the other reserved words',
    basis: 'Developer guide, Reserved words in DynamoDB',
  },
  'malformed request': {
    local: 'HTTP 500 InternalFailure for broken JSON and broken base64',
    simulator: 'HTTP 400 SerializationException',
    basis: 'Developer guide, Error handling: 4xx for what the request is to blame for',
  },
  'error texts': {
    local: '"Cannot do operations on a non-existent table", "Cannot create preexisting table"',
    simulator: '"Requested resource not found: Table: x not found", "Table already exists: x"',
    basis: 'messages of the service; compare error names, never these texts',
  },
  'nested numbers': {
    local: 'numbers inside lists and maps come back as they were written: 1.10, +5, -0, 1E3',
    simulator: 'they are trimmed as top-level numbers are',
    basis: 'Developer guide, Data types, Number: "Leading and trailing zeroes are trimmed"; not tried on the service',
  },
  'index entry size': {
    local: 'charges a Scan of an index for the whole items behind it',
    simulator: 'charges for what the index holds',
    basis: 'Developer guide, Global secondary indexes, Read capacity units: the sizes of the index entries',
  },
  'order of sets': {
    local: 'sets come back sorted',
    simulator: 'sets come back as written',
    basis: 'Developer guide: "The order of the values within a set is not preserved"; both are allowed',
  },
  'table arn region': {
    local: 'region ddblocal, account 000000000000',
    simulator: 'its own region and account',
    basis: 'API reference, TableArn',
  },
  'online index': {
    local: 'a new global index is CREATING for seconds; its Scan is HTTP 500 meanwhile',
    simulator: 'ACTIVE at once',
    basis: 'nothing here waits for a backfill; set the status of the table instead',
  },
  'many tables': {
    local: 'creating thousands of tables takes minutes',
    simulator: 'microseconds a table',
    basis: 'Quotas: 2,500 tables by default, 10,000 and more on request',
  },
} as const;

export type KnownDifference = keyof typeof KNOWN_DIFFERENCES;
