/** As singer-python writes times: UTC with microseconds. */
export function singerTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

/** Milliseconds of a time that singer-python may have written: one without a zone is meant as UTC. */
export function parseSingerTime(text: string): number {
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}
