/*
 * Half of a surrogate pair has no UTF-8 form. DuckDB stores U+FFFD in its place; what was there exactly goes to
 * `_sdc_rescued`, as JSON text whose escape is plain ASCII.
 */

export function withoutLoneSurrogates(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

/** Whether canonical JSON text may hold such an escape; canonical JSON escapes no other character above U+001F so. */
export function holdsSurrogateEscape(json: string): boolean {
  return json.includes('\\ud') && json !== withoutSurrogateEscapes(json);
}

/** Reads escape by escape, so that the text `\\ud800` (an escaped backslash) stays. */
export function withoutSurrogateEscapes(json: string): string {
  return json.replaceAll(/\\(?:u(?:d[89a-f][0-9a-f]{2}|[0-9a-f]{4})|.)/g, (found) =>
    found.startsWith('\\ud') ? '\ufffd' : found,
  );
}
