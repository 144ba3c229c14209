import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { ScanCommand as DocumentScanCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type AttributeDictionary, createAttributeDictionary } from '../src/transcode/attribute-names.ts';
import { crc32Matches } from '../src/transcode/checksum.ts';
import { jsonLinesOf } from '../src/transcode/json-lines.ts';
import { transcodeScanPage } from '../src/transcode/scan-page.ts';
import { canonicalLine, membersOf, type OracleItem, parseKeepingOrder } from '../test/support/oracle.ts';
import { type CannedPage, cannedPages } from './pages.ts';
import { parseAndConvert } from './parse-and-convert.ts';
import type { Bench } from './report.ts';

/** Rounds of every variant, one after the other, so that a busy moment of the machine hits all alike. */
const ROUNDS = 5;

/**
 * Scan answers to JSON lines: ours against JSON.parse + convert (both in memory) and against the clients of the AWS SDK
 * (all over loopback from another process). Time is CPU time of this process, median of the rounds.
 */
export const bench: Bench = async ({ report, say }) => {
  const server = fork(fileURLToPath(new URL('./replay-server.ts', import.meta.url)));
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    for (const page of cannedPages()) {
      await proveOutput(page);
      const variants = variantsOf(page, `http://127.0.0.1:${port}`);
      const cost = await measure(variants, (name, cpuMs, wallMs) => {
        say(`${page.name} ${name}: ${cpuMs.toFixed(2)} ms CPU, ${wallMs.toFixed(2)} ms wall a page`);
      });
      const figure = (metric: string, value: number, unit: string): void =>
        report({ bench: 'transcode', case: page.name, metric, value: Math.round(value * 100) / 100, unit });
      figure('ours_mb_per_s', page.body.length / 1e3 / cost.ours, 'MB/s');
      figure('ours_vs_json_parse_convert', cost.parseAndConvert / cost.ours, 'x');
      figure('ours_vs_sdk_objects', cost.sdkObjects / cost.oursOverLoopback, 'x');
      figure('ours_vs_document_client', cost.documentClient / cost.oursOverLoopback, 'x');
    }
  } finally {
    server.disconnect();
  }
};

type Variant = 'ours' | 'parseAndConvert' | 'oursOverLoopback' | 'sdkObjects' | 'documentClient';
type Variants = Record<Variant, { readonly pages: number; readonly run: () => unknown }>;

/** What a run makes of a page: the checks of the answer, tape, observed types, lines. */
function ourLines(body: Buffer, checksum: string | undefined, names: AttributeDictionary): Buffer {
  if (!crc32Matches(body, checksum)) throw new Error('the checksum differs');
  return jsonLinesOf(transcodeScanPage(body, names).page);
}

function variantsOf({ name, body, keyAttributes, itemCount }: CannedPage, endpoint: string): Variants {
  const names = createAttributeDictionary(keyAttributes);
  const checksum = String(crc32(body));
  const agent = new Agent({ keepAlive: true });
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
  });
  const documents = DynamoDBDocumentClient.from(client);
  const expectItems = (count: number | undefined): void => {
    if (count !== itemCount) throw new Error(`${count} items instead of ${itemCount}`);
  };
  return {
    ours: { pages: 40, run: () => ourLines(body, checksum, names) },
    parseAndConvert: { pages: 12, run: () => parseAndConvert(body) },
    oursOverLoopback: {
      pages: 30,
      run: async () => {
        const answer = await fetchPage(endpoint, name, agent);
        ourLines(answer.body, answer.checksum, names);
      },
    },
    sdkObjects: {
      pages: 5,
      run: async () => expectItems((await client.send(new ScanCommand({ TableName: name }))).Items?.length),
    },
    documentClient: {
      pages: 5,
      run: async () => expectItems((await documents.send(new DocumentScanCommand({ TableName: name }))).Items?.length),
    },
  };
}

/** The cheapest way Node has to receive a body of known length. */
function fetchPage(endpoint: string, table: string, agent: Agent): Promise<{ body: Buffer; checksum: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(endpoint, { method: 'POST', agent }, (response) => {
      const body = Buffer.allocUnsafeSlow(Number(response.headers['content-length']));
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.copy(body, length);
      });
      response.on('end', () => resolve({ body, checksum: String(response.headers['x-amz-crc32']) }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ TableName: table }));
  });
}

/** CPU milliseconds a page. */
async function measure(
  variants: Variants,
  tell: (name: Variant, cpuMs: number, wallMs: number) => void,
): Promise<Record<Variant, number>> {
  const entries = Object.entries(variants) as [Variant, Variants[Variant]][];
  const samples = new Map(entries.map(([name]) => [name, { cpuMs: [] as number[], wallMs: [] as number[] }]));
  // The first round only warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, { pages, run }] of entries) {
      const cpu = process.cpuUsage();
      const wall = performance.now();
      for (let n = 0; n < pages; n++) await run();
      const { user, system } = process.cpuUsage(cpu);
      if (round === 0) continue;
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

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Figures of wrong output are worthless: both ways to lines must give what the oracle gives. */
async function proveOutput({ name, body, keyAttributes }: CannedPage): Promise<void> {
  const items = new Map(membersOf(parseKeepingOrder(body.toString()))).get('Items') as OracleItem[];
  const expected = hash(Buffer.from(items.map((item) => `${canonicalLine(item)}\n`).join('')));
  const names = createAttributeDictionary(keyAttributes);
  if (hash(ourLines(body, String(crc32(body)), names)) !== expected) throw new Error(`${name}: our lines are wrong`);
  if (hash(parseAndConvert(body)) !== expected) throw new Error(`${name}: the lines of JSON.parse + convert are wrong`);
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
