const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a string holds half of a surrogate pair, which UTF-8 has no bytes for. */
export function isIllFormed(text: string): boolean {
  return LONE_SURROGATE.test(text);
}
