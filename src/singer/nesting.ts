/** Readers of JSON in Python, which most targets are written in, give up at about 1,000, and at some depth so do we. */
const MOST_LEVELS = 500;

export const TOO_DEEP = `nested deeper than ${MOST_LEVELS} levels`;

/** Whether a value can be written into a message. JSON.parse takes any depth, JSON.stringify does not. */
export function isShallow(json: unknown): boolean {
  let level = [json];
  for (let depth = 0; depth <= MOST_LEVELS; depth++) {
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
    if (level.length === 0) return true;
  }
  return false;
}
