/** Below this length a loop beats the call into the runtime. */
const LOOP_LIMIT = 64;

/** Copies `from[start..end)` to `to` at `at`; returns the position behind the copy. */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  const length = end - start;
  if (length > LOOP_LIMIT) {
    from.copy(to, at, start, end);
    return at + length;
  }
  let w = at;
  for (let i = start; i < end; i++) to[w++] = from[i] as number;
  return w;
}
