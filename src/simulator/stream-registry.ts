import type { ItemChange } from './item-change.ts';
import { modelError } from './service-error.ts';
import { LISTED_AFTER_RETENTION_MS, RETENTION_MS, Stream } from './stream.ts';
import { createStreamLimits, type StreamLimits } from './stream-limits.ts';
import type { StreamViewType, TableDefinition } from './table-definition.ts';

/** How the streams of a table behave: the present one and those to come. */
export interface StreamSettings {
  readonly initialShards: number;
  readonly rollEveryMs: number | null;
  readonly propagationDelayMs: number;
}

type ChangeListener = (change: ItemChange) => void;

/** The streams of one account in one region, by ARN and by table. */
export interface StreamRegistry {
  readonly limits: StreamLimits;
  readonly now: () => number;
  /** Opens a new stream of a table: other ARN, other label than any before. */
  enable(definition: TableDefinition, viewType: StreamViewType): Stream;
  /** Every stream that is listed, disabled ones too, by ARN. */
  all(): readonly Stream[];
  /** By ARN, caught up with the time. Errors: ResourceNotFoundException. */
  stream(arn: string): Stream;
  /** The latest stream of a table, or the one with this ARN, caught up with the time. Errors: where there is none. */
  latest(tableOrArn: string): Stream;
  settings(table: string): StreamSettings;
  configure(table: string, settings: Partial<StreamSettings>): void;
  /** Tells listeners of a table what was written to it, whether it has a stream or not. */
  notify(table: string, change: ItemChange): void;
  isHeard(table: string): boolean;
  listen(table: string, listener: ChangeListener): () => void;
}

interface RegistryOptions {
  readonly now: () => number;
  readonly tableArn: (name: string) => string;
  readonly enforceLimits: boolean;
  readonly rollEveryMs: number | null;
}

export function createStreamRegistry(options: RegistryOptions): StreamRegistry {
  const { now, tableArn, rollEveryMs } = options;
  const byArn = new Map<string, Stream>();
  const latestByTable = new Map<string, Stream>();
  const settingsByTable = new Map<string, StreamSettings>();
  const listeners = new Map<string, Set<ChangeListener>>();

  const settings = (table: string): StreamSettings =>
    settingsByTable.get(table) ?? { initialShards: 1, rollEveryMs, propagationDelayMs: 0 };
  /** A disabled stream stays readable as long as its records would have (Developer guide, Disabling a stream). */
  const isGone = ({ disabledAtMs }: Stream): boolean =>
    disabledAtMs !== null && disabledAtMs + RETENTION_MS + LISTED_AFTER_RETENTION_MS <= now();
  const found = (arn: string): Stream | null => {
    const stream = byArn.get(arn);
    if (stream === undefined) return null;
    if (isGone(stream)) {
      byArn.delete(arn);
      return null;
    }
    stream.advance(now());
    return stream;
  };

  return {
    limits: createStreamLimits(now, options.enforceLimits),
    now,
    enable: ({ name, key }, viewType) => {
      const { initialShards, rollEveryMs: rollMs, propagationDelayMs } = settings(name);
      const enabledAtMs = Math.max(Math.floor(now()), (latestByTable.get(name)?.enabledAtMs ?? 0) + 1);
      const label = new Date(enabledAtMs).toISOString().slice(0, -1);
      const stream = new Stream({
        arn: `${tableArn(name)}/stream/${label}`,
        label,
        tableName: name,
        key,
        viewType,
        enabledAtMs,
        initialShards,
        rollEveryMs: rollMs,
      });
      stream.propagationDelayMs = propagationDelayMs;
      byArn.set(stream.arn, stream);
      latestByTable.set(name, stream);
      return stream;
    },
    all: () => {
      for (const [arn, stream] of byArn) if (isGone(stream)) byArn.delete(arn);
      return [...byArn.values()].sort((a, b) => (a.arn < b.arn ? -1 : 1));
    },
    stream: (arn) => {
      const stream = found(arn);
      if (stream === null) {
        throw modelError('ResourceNotFoundException', `Requested resource not found: Stream: ${arn} not found`);
      }
      return stream;
    },
    latest: (tableOrArn) => {
      const stream = found(latestByTable.get(tableOrArn)?.arn ?? tableOrArn);
      if (stream === null) throw new Error(`${tableOrArn} has no stream`);
      return stream;
    },
    settings,
    configure: (table, changed) => {
      const stream = latestByTable.get(table);
      if (stream?.isEnabled === true) {
        stream.advance(now());
        if (changed.initialShards !== undefined) stream.startWith(changed.initialShards);
        stream.rollEveryMs = changed.rollEveryMs === undefined ? stream.rollEveryMs : changed.rollEveryMs;
        stream.propagationDelayMs = changed.propagationDelayMs ?? stream.propagationDelayMs;
      }
      settingsByTable.set(table, { ...settings(table), ...changed });
    },
    notify: (table, change) => {
      for (const listener of listeners.get(table) ?? []) listener(change);
    },
    isHeard: (table) => listeners.has(table),
    listen: (table, listener) => {
      const heard = listeners.get(table) ?? new Set();
      listeners.set(table, heard);
      heard.add(listener);
      return () => {
        heard.delete(listener);
        if (heard.size === 0) listeners.delete(table);
      };
    },
  };
}
