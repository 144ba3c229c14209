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
  'shard lineage': {
    local: 'a stream has one open shard, which is replaced by one child every 4 hours of its clock',
    simulator: 'any number of first shards; shards roll and split on command, and roll every 4 hours of its clock',
    basis:
      'Developer guide, Reading and processing a stream: shards come and go as needed and may split; four hours is what readers of the service see',
  },
  'shard filter': {
    local: 'ignores ShardFilter and lists all shards',
    simulator: 'CHILD_SHARDS answers the children of one shard, none for a shard that it does not know',
    basis: 'API reference, DescribeStream, ShardFilter',
  },
  'sequence numbers': {
    local: 'one counter for all tables, padded to 21 digits',
    simulator: 'every lineage counts for itself, in uneven steps from 22 digits on, not padded; some gain a digit',
    basis: 'API reference, StreamRecord, SequenceNumber: 21 to 40 digits; no order between shards is promised',
  },
  'record time': {
    local: 'ApproximateCreationDateTime is cut to the minute',
    simulator: 'cut to the second',
    basis: 'API reference, StreamRecord: "rounded down to the closest second"',
  },
  trimming: {
    local: 'trims at 24 hours of its clock, which only stands for time travel with another clock library',
    simulator: 'trims at 24 hours of its clock, which a test turns, and on command',
    basis: 'Developer guide, Data retention limit for DynamoDB Streams: a lifetime of 24 hours',
  },
  'fully trimmed shards': {
    local: 'stay listed for ever; their iterators are given, GetRecords is ResourceNotFoundException',
    simulator: 'the same for two hours, then they are listed no more and have no iterators',
    basis: 'readers of the service see shards vanish after about a day; when exactly is not documented',
  },
  'disabled streams': {
    local: 'stay listed for ever',
    simulator: 'are gone 26 hours after they were disabled',
    basis:
      'Developer guide, Disabling a stream: its data stays readable for 24 hours; that it leaves the listings two hours later is an assumption',
  },
  'answer of records': {
    local: 'has no size limit: 46 records were 12 MB',
    simulator: 'ends at 1 MB by SizeBytes',
    basis:
      'API reference, LimitExceededException: "GetRecords can retrieve a maximum of 1 MB of data or 1000 stream records"',
  },
  'iterator expiry': {
    local: 'at 15 minutes of its clock, without a message',
    simulator: 'at 15 minutes of its clock, which a test turns, and on command',
    basis:
      'API reference, GetShardIterator: "A shard iterator expires 15 minutes after it is returned to the requester"',
  },
  'number above the end': {
    local: 'HTTP 500 InternalFailure for AT_SEQUENCE_NUMBER far above the end of a shard',
    simulator: 'an open shard takes it and answers nothing, a closed one refuses it',
    basis: 'DynamoDB Local itself, for numbers that are a little above the end',
  },
  'stream limits': {
    local: 'no limits',
    simulator:
      'LimitExceededException above 10 DescribeStream calls a second, and for a third reader of a shard: a third access key within a second, or a third request at the same time',
    basis:
      'API reference, DescribeStream: "at a maximum rate of 10 times per second"; Developer guide, Reading and processing a stream: two readers of a shard at most; how they are told apart is not documented',
  },
  'false trim alarm': {
    local:
      'TrimmedDataAccessException for an iterator of an empty shard, once another table and then this one are written',
    simulator: 'on command only',
    basis: 'aws-sdk-java issue 2923: an error of DynamoDB Local',
  },
  'time to live': {
    local: 'a pass about every 10 seconds over a sample of the table',
    simulator: 'on command only',
    basis: 'Developer guide, Time to live: "typically within a few days"; userIdentity as DynamoDB Local writes it',
  },
  'stream answers': {
    local: 'answers are complete and at once',
    simulator: 'late records, empty and short answers, incomplete and unordered listings on command',
    basis: 'API reference, GetRecords may return an empty list; issues of other readers report the listings',
  },
  'many tables': {
    local: 'creating thousands of tables takes minutes',
    simulator: 'microseconds a table',
    basis: 'Quotas: 2,500 tables by default, 10,000 and more on request',
  },
} as const;

export type KnownDifference = keyof typeof KNOWN_DIFFERENCES;
