import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { ScanCommand as DocumentScanCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createConnection } from '../src/connection/clients.ts';
import { createScanPageFetcher } from '../src/connection/scan-page.ts';
import { Secret } from '../src/platform/secret.ts';
import { type AttributeDictionary, createAttributeDictionary } from '../src/transcode/attribute-names.ts';
import { crc32Matches } from '../src/transcode/checksum.ts';
import { jsonLinesOf } from '../src/transcode/json-lines.ts';
import { transcodeScanPage } from '../src/transcode/scan-page.ts';
import { canonicalLine, membersOf, type OracleItem, parseKeepingOrder } from '../test/support/oracle.ts';
import { median } from './median.ts';
import { type CannedPage, cannedPages } from './pages.ts';
import { parseAndConvert } from './parse-and-convert.ts';
import type { Bench } from './report.ts';

/** Rounds of every variant, one after the other, so that a busy moment of the machine hits all alike. */
const ROUNDS = 5;
/** Rounds before them that are not counted, while V8 still compiles. */
const WARM_UP_ROUNDS = 1;

/**
 * Scan answers to JSON lines. Decoding alone, the body in memory for all: ours, JSON.parse + convert, and the clients of the
 * AWS SDK as users get them, with a request handler that hands them the body. Then whole clients over loopback, answered by
 * another process: ours (the SDK signing and sending, our transcoder decoding) against the SDK alone. Time is CPU time of
 * this process, median of the rounds.
 */
export const bench: Bench = async ({ report, say, long }) => {
  const server = fork(fileURLToPath(new URL('./replay-server.ts', import.meta.url)));
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    for (const page of cannedPages({ long })) {
      proveOutput(page);
      const variants = variantsOf(page, `http://127.0.0.1:${port}`);
      const cost = await measure(variants, (name, cpuMs, wallMs) => {
        say(`${page.name} ${name}: ${cpuMs.toFixed(2)} ms CPU, ${wallMs.toFixed(2)} ms wall a page`);
      });
      const figure = (metric: string, value: number, unit: string): void =>
        report({ bench: 'transcode', case: page.name, metric, value: Math.round(value * 100) / 100, unit });
      figure('ours_mb_per_s', page.body.length / 1e3 / cost.ours, 'MB/s');
      figure('ours_vs_json_parse_convert', cost.parseAndConvert / cost.ours, 'x');
      figure('ours_vs_sdk_objects', cost.sdkObjects / cost.ours, 'x');
      figure('ours_vs_document_client', cost.documentClient / cost.ours, 'x');
      figure('ours_vs_sdk_objects_over_loopback', cost.sdkOverLoopback / cost.oursOverLoopback, 'x');
    }
  } finally {
    server.disconnect();
  }
};

type Variant = 'ours' | 'parseAndConvert' | 'sdkObjects' | 'documentClient' | 'oursOverLoopback' | 'sdkOverLoopback';
type Variants = Record<Variant, { readonly pages: number; readonly run: () => unknown }>;

/** What a run makes of a page: the checks of the answer, tape, observed types, lines. */
function ourLines(body: Buffer, checksum: string, names: AttributeDictionary): Buffer {
  if (!crc32Matches(body, checksum)) throw new Error('the checksum differs');
  return jsonLinesOf(transcodeScanPage(body, names).page);
}

function variantsOf(page: CannedPage, endpoint: string): Variants {
  const { name: table, body, itemCount } = page;
  const names = createAttributeDictionary(page.keyAttributes);
  const checksum = String(crc32(body));
  const common = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'key', secretAccessKey: 'secret' } };
  const inMemory = new DynamoDBClient({ ...common, requestHandler: handlerOf(page) });
  const documents = DynamoDBDocumentClient.from(inMemory);
  const overLoopback = new DynamoDBClient(common);
  const fetchPage = createScanPageFetcher(createConnection({ ...OUR_CONNECTION, endpoint }));
  const expectItems = ({ Items }: { Items?: unknown[] | undefined }): void => {
    if (Items?.length !== itemCount) throw new Error(`${Items?.length} items instead of ${itemCount}`);
  };
  return {
    ours: { pages: 40, run: () => ourLines(body, checksum, names) },
    parseAndConvert: { pages: 10, run: () => parseAndConvert(body) },
    sdkObjects: { pages: 4, run: async () => expectItems(await inMemory.send(new ScanCommand({ TableName: table }))) },
    documentClient: {
      pages: 4,
      run: async () => expectItems(await documents.send(new DocumentScanCommand({ TableName: table }))),
    },
    oursOverLoopback: {
      pages: 30,
      run: async () => {
        // The fetcher compares the checksum.
        const answer = await fetchPage({ ...WHOLE_TABLE, table }, { signal: NEVER, onThrottle: () => {} });
        return jsonLinesOf(transcodeScanPage(answer.body, names).page);
      },
    },
    sdkOverLoopback: {
      pages: 4,
      run: async () => expectItems(await overLoopback.send(new ScanCommand({ TableName: table }))),
    },
  };
}

const NEVER = new AbortController().signal;
const WHOLE_TABLE = {
  index: null,
  segment: 0,
  totalSegments: 1,
  exclusiveStartKey: null,
  limit: null,
  projection: null,
  consistentRead: false,
};
const OUR_CONNECTION = {
  source: 'bench',
  region: 'us-east-1',
  stsEndpoint: null,
  credentials: { kind: 'static', accessKeyId: 'key', secretAccessKey: new Secret('secret'), sessionToken: null },
  roles: [],
  requestTimeoutMs: 60_000,
  maxConnections: 4,
} as const;

/** Answers the SDK from memory, in chunks as a socket gives them. */
function handlerOf({ body }: CannedPage) {
  const chunks = Array.from({ length: Math.ceil(body.length / 65_536) }, (_, n) =>
    body.subarray(n * 65_536, (n + 1) * 65_536),
  );
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'content-length': String(body.length) };
  return {
    handle: async () => ({
      response: { statusCode: 200, headers, body: Readable.from(chunks, { objectMode: false }) },
    }),
  };
}

/** CPU milliseconds a page. */
async function measure(
  variants: Variants,
  tell: (name: Variant, cpuMs: number, wallMs: number) => void,
): Promise<Record<Variant, number>> {
  const entries = Object.entries(variants) as [Variant, Variants[Variant]][];
  const samples = new Map(entries.map(([name]) => [name, { cpuMs: [] as number[], wallMs: [] as number[] }]));
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [name, { pages, run }] of entries) {
      // Not counted: some pages bring out the garbage of the variant before and warm up.
      for (let n = 0; n < pages; n++) await run();
      const cpu = process.cpuUsage();
      const wall = performance.now();
      for (let n = 0; n < pages; n++) await run();
      const { user, system } = process.cpuUsage(cpu);
      if (round < 0) continue;
      samples.get(name)?.cpuMs.push((user + system) / 1000 / pages);
      samples.get(name)?.wallMs.push((performance.now() - wall) / pages);
    }
  }
  const cost = entries.map(([name]) => {
    const { cpuMs = [], wallMs = [] } = samples.get(name) ?? {};
    tell(name, median(cpuMs), median(wallMs));
    return [name, median(cpuMs)];
  });
  return Object.fromEntries(cost) as Record<Variant, number>;
}

/** Figures of wrong output are worthless: both ways to lines must give what the oracle gives. */
function proveOutput({ name, body, keyAttributes }: CannedPage): void {
  const items = new Map(membersOf(parseKeepingOrder(body.toString()))).get('Items') as OracleItem[];
  const expected = hash(Buffer.from(items.map((item) => `${canonicalLine(item)}\n`).join('')));
  const names = createAttributeDictionary(keyAttributes);
  if (hash(ourLines(body, String(crc32(body)), names)) !== expected) throw new Error(`${name}: our lines are wrong`);
  if (hash(parseAndConvert(body)) !== expected) throw new Error(`${name}: the lines of JSON.parse + convert are wrong`);
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
