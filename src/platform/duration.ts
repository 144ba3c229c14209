const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `300`, `300s`, `1.5m`, `500ms` in milliseconds (a bare number is seconds), or null when it is not a duration. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(text.trim());
  const factor = UNIT_MS[match?.[2] ?? 's'];
  return match && factor !== undefined ? Math.round(Number(match[1]) * factor) : null;
}
