import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { type Logger, silentLogger } from '../../src/platform/logger.ts';
import { parseTapState } from '../../src/singer/tap-state.ts';
import type { BatchWriter } from '../../src/tap/batch-files.ts';
import type { SingerOutput } from '../../src/tap/output.ts';
import type { TapStream } from '../../src/tap/stream-messages.ts';
import { createTapDestination, type TapDestination } from '../../src/tap/tap-destination.ts';

/** A Singer message as a target reads it. */
export interface SingerMessage {
  readonly type: string;
  readonly stream?: string;
  readonly version?: number;
  readonly record?: Readonly<Record<string, unknown>>;
  readonly value?: SingerState;
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly manifest?: readonly string[];
}

export interface SingerState {
  readonly bookmarks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface TargetRow {
  readonly version: number | undefined;
  readonly record: Readonly<Record<string, unknown>>;
}

interface WriteHooks {
  readonly beforeWrite?: (lines: Buffer) => void | Promise<void>;
  readonly afterWrite?: () => void | Promise<void>;
}

/**
 * A target in this process, in the simplest form: of the RECORDs of a key the last one stays, ACTIVATE_VERSION removes
 * rows of other versions. It outlives the runs of a tap, and so does the last STATE that it has seen.
 */
export interface OrderedTarget {
  /** Of all runs. */
  readonly messages: readonly SingerMessage[];
  /** By stream, then by the key of the row. */
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, TargetRow>>;
  /** The value of the last STATE. */
  readonly state: SingerState | null;
  /** The end of a pipe for one process. The hooks may throw or hold; behind a write it is taken all the same. */
  connect(options?: WriteHooks): SingerOutput;
}

export function createOrderedTarget(keyOf: (record: Readonly<Record<string, unknown>>) => string): OrderedTarget {
  const messages: SingerMessage[] = [];
  const rows = new Map<string, Map<string, TargetRow>>();
  let state: SingerState | null = null;
  const take = (message: SingerMessage): void => {
    messages.push(message);
    const { type, stream = '', version, record, value } = message;
    const table = rows.get(stream) ?? new Map<string, TargetRow>();
    if (stream !== '') rows.set(stream, table);
    if (type === 'STATE') state = value ?? null;
    if (type === 'RECORD' && record !== undefined) table.set(keyOf(record), { version, record });
    if (type !== 'ACTIVATE_VERSION') return;
    for (const [key, row] of table) if (row.version !== version) table.delete(key);
  };
  return {
    messages,
    rows,
    get state() {
      return state;
    },
    connect({ beforeWrite = () => {}, afterWrite = () => {} } = {}) {
      let group: Promise<unknown> = Promise.resolve();
      return {
        write: async (lines) => {
          await beforeWrite(lines);
          for (const line of lines.toString().split('\n').slice(0, -1)) take(JSON.parse(line));
          await afterWrite();
        },
        together: (use) => {
          const result = group.then(use);
          group = result.catch(() => {});
          return result;
        },
      };
    },
  };
}

interface TapOptions {
  readonly streams?: readonly TapStream[];
  readonly state?: unknown;
  readonly inferSchema?: boolean;
  readonly batches?: BatchWriter | null;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly sourceOf?: Parameters<typeof createTapDestination>[0]['sourceOf'];
}

export const ORDERS: TapStream = {
  stream: 'orders',
  schema: { type: 'object' },
  keyProperties: ['id'],
  method: 'LOG_BASED',
};

/** The destination of a tap that writes to this output; it begins with no state. */
export function tapInto(output: SingerOutput, options: TapOptions = {}): TapDestination {
  const { streams = [ORDERS], state, inferSchema = false, batches = null } = options;
  const { clock = systemClock, log = silentLogger } = options;
  const sourceOf =
    options.sourceOf ??
    (() => {
      throw new Error('Nobody asks for the source');
    });
  return createTapDestination({
    ...{ output, streams, inferSchema, batches, clock, log, sourceOf },
    state: parseTapState(state ?? {}),
  });
}
