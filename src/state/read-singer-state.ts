import { z } from 'zod';
import { messageOf, TributaryError } from '../platform/errors.ts';
import { parseTapState, type TapState } from '../singer/tap-state.ts';

interface StateFile {
  /** Null where it is the only one that can be meant. */
  readonly path: string | null;
  /** For a file that is none. */
  readonly hint: string;
}

/** A Singer state as a tap gets it. Throws STATE_INVALID for everything that no tap has written. */
export function readSingerState(text: string, { path, hint }: StateFile): TapState {
  let json: unknown;
  try {
    json = JSON.parse(text);
    return parseTapState(json);
  } catch (error) {
    const file = path === null ? 'The file' : `The file ${path}`;
    throw new TributaryError('STATE_INVALID', `${file} is no state of tap-dynamodb: ${reasonOf(error, text)}`, {
      hint: isOfMeltano(json) ? MELTANO_HINT : isOneEachLine(text) ? `Give the last line alone. ${hint}` : hint,
      cause: error,
    });
  }
}

/** What `meltano state get` prints. */
const MELTANO_HINT =
  'Meltano has the state of the tap inside of its own: write the value of singer_state alone into a file';
const meltanoSchema = z.union([
  z.looseObject({ completed: z.looseObject({}) }),
  z.looseObject({ partial: z.looseObject({}) }),
  z.looseObject({ singer_state: z.looseObject({}) }),
]);

function isOfMeltano(json: unknown): boolean {
  return meltanoSchema.safeParse(json).success;
}

/** What the parser of JSON says has some of the text in it, which may be the key of an item. */
function reasonOf(error: unknown, text: string): string {
  if (error instanceof SyntaxError) return isOneEachLine(text) ? 'it has several lines of JSON' : 'it is no JSON';
  const [issue] = error instanceof z.ZodError ? error.issues : [];
  if (issue === undefined) return messageOf(error);
  return issue.path.length === 0 ? issue.message : `${issue.path.map(String).join('.')}: ${issue.message}`;
}

/** What a target has printed, whole: a state each time. */
function isOneEachLine(text: string): boolean {
  const lines = text.trim().split('\n');
  if (lines.length < 2) return false;
  try {
    return lines.every((line) => JSON.parse(line) !== null);
  } catch {
    return false;
  }
}
