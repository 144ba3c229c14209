/*
 * How a target says what is durable: it writes the value of a STATE to its output when everything before that message is.
 * Ours hold, for each stream, a mark: a number that rises with each commit of a process of the target.
 */

/** What a STATE holds: the last mark of each stream, with the name of the process that it belongs to. */
export function stateValue(processId: string, marks: ReadonlyMap<string, number>): object {
  const bookmarks = [...marks].map(([stream, mark]) => [stream, { [MEMBER]: `${processId}:${mark}` }] as const);
  return { bookmarks: Object.fromEntries(bookmarks) };
}

/** What a line of a target's output means. */
export type Echo =
  /** The marks that it repeats, by stream. Those of another process say nothing about this one and are left out. */
  | { readonly kind: 'state'; readonly marks: ReadonlyMap<string, number> }
  /** Not a JSON object: something for people. */
  | { readonly kind: 'text' };

/** Never throws: targets print what they like. */
export function readEcho(line: string, processId: string): Echo {
  const state = parsed(line);
  if (!isObject(state)) return { kind: 'text' };
  const { bookmarks } = state;
  const marks = new Map<string, number>();
  for (const [stream, bookmark] of isObject(bookmarks) ? Object.entries(bookmarks) : []) {
    const mark = isObject(bookmark) ? markOf(bookmark[MEMBER], processId) : null;
    if (mark !== null) marks.set(stream, mark);
  }
  return { kind: 'state', marks };
}

function markOf(text: unknown, processId: string): number | null {
  if (typeof text !== 'string' || !text.startsWith(`${processId}:`)) return null;
  const digits = text.slice(processId.length + 1);
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MEMBER = 'tributary';
