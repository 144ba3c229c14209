import { TributaryError } from '../platform/errors.ts';

/**
 * Throws what a body deserves that the scanner cannot go on with: ANSWER_CORRUPT where it is not even JSON (cut, altered),
 * ITEM_MALFORMED where it is JSON but not DynamoDB's. Says the position, never what stands there.
 */
export function refuse(body: Buffer, bytePosition: number): never {
  const context = { bytePosition, bodyBytes: body.length };
  if (isJson(body)) {
    throw new TributaryError('ITEM_MALFORMED', `The answer is not valid DynamoDB JSON at byte ${bytePosition}`, {
      context,
    });
  }
  throw new TributaryError('ANSWER_CORRUPT', `The answer is not valid JSON at byte ${bytePosition} of ${body.length}`, {
    context,
  });
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString('utf8'));
    return true;
  } catch {
    // The message of the parser quotes the body, so it must not travel on.
    return false;
  }
}
