import { isThrottle } from './errors.ts';
import { answeredAtMs, brokenAnswer, isHttpAnswer } from './whole-answer.ts';

export interface RawAnswer {
  /** The whole body: present, a JSON object by its ends, and right by its checksum. */
  readonly body: Buffer;
  /** Date header of the answer. */
  readonly answeredAtMs: number | null;
}

/** What the SDK decodes instead of the answer: items never become objects. */
const EMPTY_ANSWER = Buffer.from('{}');

/** Middleware right inside of the SDK's decoder: takes the body of an answer and leaves an empty one. */
export function tapBody(take: (answer: RawAnswer) => void) {
  return <Request extends object, Result extends { response: unknown }>(next: (args: Request) => Promise<Result>) =>
    async (args: Request): Promise<Result> => {
      const result = await next(args);
      const { response } = result;
      if (isHttpAnswer(response) && response.statusCode === 200 && Buffer.isBuffer(response.body)) {
        if (!looksLikeObject(response.body)) throw brokenAnswer('The answer is not a whole JSON object');
        take({ body: response.body, answeredAtMs: answeredAtMs(response) });
        response.body = EMPTY_ANSWER;
      }
      return result;
    };
}

/** Where `tapBody` belongs in the stack of a command. */
export const TAP_PLACE = { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'tapBody' } as const;

/**
 * Middleware that ends a call at its first throttle with the error that `toError` makes of it. The SDK repeats by the
 * name of the error, so that has to be another one.
 */
export function endAtThrottle(toError: (throttle: unknown) => unknown) {
  return <Request extends object, Result>(next: (args: Request) => Promise<Result>) =>
    async (args: Request): Promise<Result> => {
      try {
        return await next(args);
      } catch (error) {
        throw isThrottle(error) ? toError(error) : error;
      }
    };
}

/** Where `endAtThrottle` belongs: behind the SDK's decoder, before its retries. */
export const THROTTLE_PLACE = { step: 'deserialize', priority: 'high', name: 'endAtThrottle' } as const;

function looksLikeObject(body: Buffer): boolean {
  let end = body.length - 1;
  while (end > 0 && (body[end] ?? 0) <= 0x20) end--;
  return body[0] === 0x7b && body[end] === 0x7d;
}
