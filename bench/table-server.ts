import { createServer } from 'node:http';
import { crc32 } from 'node:zlib';
import { flatItem } from './shop-rows.ts';

/**
 * A DynamoDB that answers DescribeTable and Scan with prepared pages, as fast as loopback goes, in a process of its own:
 * the benchmark measures who reads, not who answers. Arguments: items in all, port (0: any); segments and Limit are as
 * asked for.
 */
const FULL_PAGE_ITEMS = 2_000;
const PREPARED_PAGES = 32;
const totalItems = Number(process.argv[2] ?? 1_000_000);
const port = Number(process.argv[3] ?? 0);

interface PreparedPages {
  readonly totalPages: number;
  readonly pages: readonly { readonly open: Buffer; readonly crc: number }[];
}

/** By the items of a page. */
const prepared = new Map([[FULL_PAGE_ITEMS, prepare(FULL_PAGE_ITEMS)]]);

function prepare(count: number): PreparedPages {
  const pages = Array.from({ length: PREPARED_PAGES }, (_, page) => {
    const items = Array.from({ length: count }, (_, item) => flatItem(page * count + item));
    const body = JSON.stringify({
      Items: items,
      Count: count,
      ScannedCount: count,
      ConsumedCapacity: { TableName: 'replayed', CapacityUnits: (count / FULL_PAGE_ITEMS) * 128.5 },
    });
    const open = Buffer.from(body.slice(0, -1));
    return { open, crc: crc32(open) };
  });
  return { totalPages: Math.ceil(totalItems / count), pages };
}

interface ScanRequest {
  readonly Segment?: number;
  readonly TotalSegments?: number;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: { readonly pk: { readonly S: string } };
}

function scanAnswer(request: ScanRequest) {
  const count = Math.min(request.Limit ?? FULL_PAGE_ITEMS, FULL_PAGE_ITEMS);
  const { totalPages, pages } = prepared.get(count) ?? prepare(count);
  prepared.set(count, { totalPages, pages });
  const segment = request.Segment ?? 0;
  const total = request.TotalSegments ?? 1;
  const inSegment = Math.floor(totalPages / total) + (segment < totalPages % total ? 1 : 0);
  const index = Number(request.ExclusiveStartKey?.pk.S ?? 0);
  const page = pages[(segment * 7 + index) % PREPARED_PAGES];
  if (page === undefined) throw new Error('No page');
  const tail = Buffer.from(index + 1 >= inSegment ? '}' : `,"LastEvaluatedKey":{"pk":{"S":"${index + 1}"}}}`);
  return { parts: [page.open, tail], crc: crc32(tail, page.crc) };
}

const describe = JSON.stringify({
  Table: {
    TableName: 'replayed',
    TableId: '00000000-0000-0000-0000-000000000000',
    TableStatus: 'ACTIVE',
    TableArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/replayed',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    ItemCount: totalItems,
    TableSizeBytes: totalItems * 300,
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    CreationDateTime: 1_700_000_000,
  },
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const target = String(request.headers['x-amz-target']);
    const isScan = target.endsWith('.Scan');
    const body = Buffer.from(describe);
    const { parts, crc } = isScan
      ? scanAnswer(JSON.parse(Buffer.concat(chunks).toString()))
      : { parts: [body], crc: crc32(body) };
    response.writeHead(200, {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': parts.reduce((sum, part) => sum + part.length, 0),
      'x-amz-crc32': String(crc),
    });
    for (const part of parts) response.write(part);
    response.end();
  });
});
server.listen(port, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : null });
});
process.on('disconnect', () => process.exit(0));
