import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import type { ConnectionOptions } from '../../src/model/connection-options.ts';
import { Secret } from '../../src/platform/secret.ts';

export type Answerer = (response: ServerResponse, request: IncomingMessage) => void;

export interface CannedEndpoint {
  readonly options: ConnectionOptions;
  /** Bodies of the requests, in order. */
  readonly bodies: readonly string[];
  /** Answers of the coming attempts; the last one repeats. */
  answerWith(...answers: readonly Answerer[]): void;
  close(): Promise<void>;
}

/** An HTTP server that answers whatever a test says, also what no service would. */
export async function startCannedEndpoint(): Promise<CannedEndpoint> {
  const bodies: string[] = [];
  let waiting: Answerer[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(await text(request));
    const answer = waiting.length > 1 ? waiting.shift() : waiting[0];
    answer?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    options: {
      source: 'shop',
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${port}`,
      stsEndpoint: null,
      credentials: { kind: 'static', accessKeyId: 'AKID', secretAccessKey: new Secret('secret'), sessionToken: null },
      roles: [],
      requestTimeoutMs: 2_000,
      maxConnections: 4,
    },
    bodies,
    answerWith: (...answers) => {
      waiting = [...answers];
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const CANNED_DATE = 'Mon, 23 Nov 2026 08:00:00 GMT';

export function answered(body: string, headers: Readonly<Record<string, string>> = {}): Answerer {
  return (response) => {
    response.writeHead(200, { 'x-amz-crc32': String(crc32(body)), date: CANNED_DATE, ...headers });
    response.end(body);
  };
}

export function refused(status: number, name: string, message = 'no'): Answerer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }));
  };
}

/** What happens to answers on their way. `body` is the answer that would have been. */
export function damages(body: string): readonly (readonly [name: string, damage: Answerer])[] {
  const cut: Answerer = (response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"Items":[', () => response.destroy());
  };
  return [
    ['empty', answered('')],
    ['cut short', cut],
    ['of a wrong checksum', answered(body, { 'x-amz-crc32': '1' })],
    ['cut where no checksum was sent', (response) => response.end(body.slice(0, 40))],
    ['in another encoding', (response) => response.end(Buffer.from([0x1f, 0x8b, 8, 0]))],
  ];
}
