import { Readable } from 'node:stream';
import { crc32Matches } from '../transcode/checksum.ts';

/** Name of the errors that are thrown for an answer which arrived damaged. */
export const BROKEN_ANSWER = 'BrokenAnswer';

/** The part of an SDK HTTP answer that is used here. */
export interface HttpAnswer {
  readonly statusCode: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  body: unknown;
}

/**
 * A middleware for the innermost end of the SDK's stack: reads the whole body, within the time that the request has, and
 * refuses damaged ones. It does what the SDK leaves out: its request timeout ends with the headers, it never looks at
 * x-amz-crc32, and an empty 200 passes as a page without items, which would end a Scan early.
 *
 * The body of the answer becomes a Buffer. Errors carry codes that the SDK's retry strategy repeats.
 */
export function readWholeAnswer(requestTimeoutMs: number) {
  return <Request extends object, Result extends { response: unknown }>(next: (args: Request) => Promise<Result>) =>
    async (args: Request): Promise<Result> => {
      const startedAtMs = performance.now();
      const result = await next(args);
      const answer = result.response;
      if (!isHttpAnswer(answer) || !(answer.body instanceof Readable)) return result;
      const remainingMs = requestTimeoutMs - (performance.now() - startedAtMs);
      const body = await readBody(answer.body, remainingMs);
      // A refusal without a body would pass for an error that nobody knows.
      if (body.length === 0 && (answer.statusCode === 200 || answer.statusCode === 400)) {
        throw brokenAnswer('The answer was empty');
      }
      const checksum = answer.headers['x-amz-crc32'];
      if (!crc32Matches(body, checksum)) {
        throw brokenAnswer('The answer does not match its checksum');
      }
      answer.body = body;
      return result;
    };
}

export function isHttpAnswer(value: unknown): value is HttpAnswer {
  return typeof value === 'object' && value !== null && 'statusCode' in value && 'headers' in value && 'body' in value;
}

/** The time of the Date header, in milliseconds since the epoch. */
export function answeredAtMs(answer: HttpAnswer): number | null {
  const ms = Date.parse(answer.headers['date'] ?? '');
  return Number.isNaN(ms) ? null : ms;
}

/** ECONNRESET is what makes the SDK try again. */
export function brokenAnswer(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name: BROKEN_ANSWER, code: 'ECONNRESET' });
}

async function readBody(body: Readable, timeoutMs: number): Promise<Buffer> {
  const timer = setTimeout(
    () => body.destroy(Object.assign(new Error('The body of the answer took too long'), { name: 'TimeoutError' })),
    Math.max(0, timeoutMs),
  );
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of body) chunks.push(chunk);
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') throw error;
    throw brokenAnswer('The answer was cut short', error);
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}
