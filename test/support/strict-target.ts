/** A row as the target has it. */
export interface TargetRow {
  readonly version: number;
  readonly record: Readonly<Record<string, unknown>>;
}

/**
 * A Singer target that keeps what a STATE has followed, and forgets everything else when its tap ends: rows that a STATE
 * covers before they have come are lost by it, so that a tap that writes it too early is found out. It shares no code
 * with the tap.
 */
export interface StrictTarget {
  /** The next characters of the tap; lines may be torn. */
  take(text: string): void;
  /** The tap has ended, in whatever way. */
  end(): void;
  /** Of the last STATE; undefined before the first. */
  readonly state: unknown;
  /** By the first key property. A version that was activated is all there is of a stream then, and what has come since. */
  rows(stream: string): ReadonlyMap<string, TargetRow>;
  /** RECORDs that a STATE has followed, those that came again included. */
  readonly recordCount: number;
}

type Message =
  | { readonly type: 'SCHEMA'; readonly stream: string; readonly key_properties: readonly string[] }
  | ({ readonly type: 'RECORD'; readonly stream: string } & TargetRow)
  | { readonly type: 'ACTIVATE_VERSION'; readonly stream: string; readonly version: number }
  | { readonly type: 'STATE'; readonly value: unknown };

export function createStrictTarget(): StrictTarget {
  const tables = new Map<string, Map<string, TargetRow>>();
  const keys = new Map<string, string>();
  let recordCount = 0;
  let state: unknown;
  let uncovered: Message[] = [];
  let torn = '';

  const rowsOf = (stream: string): Map<string, TargetRow> => {
    const rows = tables.get(stream) ?? new Map<string, TargetRow>();
    tables.set(stream, rows);
    return rows;
  };
  const apply = (message: Message): void => {
    if (message.type === 'SCHEMA') keys.set(message.stream, message.key_properties[0] ?? '');
    if (message.type === 'RECORD') {
      const { stream, version, record } = message;
      const key = keys.get(stream);
      if (key === undefined) throw new Error(`A RECORD of ${stream} came before its SCHEMA`);
      rowsOf(stream).set(String(record[key]), { version, record });
      recordCount += 1;
    }
    if (message.type === 'ACTIVATE_VERSION') {
      const rows = rowsOf(message.stream);
      for (const [key, { version }] of rows) if (version !== message.version) rows.delete(key);
    }
  };
  return {
    take: (text) => {
      const lines = `${torn}${text}`.split('\n');
      torn = lines.pop() ?? '';
      for (const line of lines) {
        const message: Message = JSON.parse(line);
        if (message.type !== 'STATE') {
          uncovered.push(message);
          continue;
        }
        for (const covered of uncovered) apply(covered);
        uncovered = [];
        state = message.value;
      }
    },
    end: () => {
      uncovered = [];
      torn = '';
      keys.clear();
    },
    get state() {
      return state;
    },
    rows: (stream) => rowsOf(stream),
    get recordCount() {
      return recordCount;
    },
  };
}
