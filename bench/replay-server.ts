import { createServer } from 'node:http';
import { crc32 } from 'node:zlib';
import { cannedPages } from './pages.ts';

/*
 * Answers every Scan with the canned page that the request names as its table. Runs as a child process, so that its CPU
 * time is not counted; tells its port to its parent and ends with it.
 */
const answers = new Map(
  cannedPages({ long: true }).map(({ name, body }) => [
    name,
    {
      body,
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': body.length,
        'x-amz-crc32': String(crc32(body)),
        'x-amzn-requestid': 'replayed',
      },
    },
  ]),
);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { TableName } = JSON.parse(Buffer.concat(chunks).toString()) as { TableName: string };
    const answer = answers.get(TableName);
    response.writeHead(answer === undefined ? 400 : 200, answer?.headers);
    response.end(answer?.body);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.on('disconnect', () => process.exit());
