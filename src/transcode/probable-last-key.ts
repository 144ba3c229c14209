import { TributaryError } from '../platform/errors.ts';
import { endOfValue } from './json-bytes.ts';

const NAME = Buffer.from('"LastEvaluatedKey":{');
/** DynamoDB sends the key behind the items; it holds 3 KB of values at most, escapes and base64 make them longer. */
const TAIL_BYTES = 32 * 1024;

/**
 * What LastEvaluatedKey of a Scan answer probably is, as it stands there, found without reading the items; null where it
 * is not found. A guess: only `transcodeScanPage` tells it from an attribute of the same name.
 */
export function probableLastKey(body: Buffer): string | null {
  const tail = body.subarray(Math.max(0, body.length - TAIL_BYTES));
  const at = tail.lastIndexOf(NAME);
  if (at < 0) return null;
  const start = at + NAME.length - 1;
  try {
    return tail.toString('utf8', start, endOfValue(tail, start)).trimEnd();
  } catch (error) {
    // No JSON: whoever reads all of it will say so.
    if (error instanceof TributaryError) return null;
    throw error;
  }
}
