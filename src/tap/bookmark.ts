import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { resumeKey, shardStart } from '../model/position.ts';
import { parseShardUnit, segmentUnit } from '../model/unit.ts';
import { namedValues } from '../singer/named-values.ts';
import type { TapBookmark, TapKey } from '../singer/tap-state.ts';
import { formatProgress } from './stored-progress.ts';
import type { TableProgress } from './table-progress.ts';
import { singerVersion, type TapLoading } from './tap-ledger.ts';

/** So long ago that the Python tap reads the table anew. */
const LONG_AGO_MS = 0;
const ONLY_SEGMENT = segmentUnit({ segment: 0, totalSegments: 1 });

/**
 * The bookmark of a table: the keys of the Python tap, so that it can go on, and all that we know as one text beside.
 * `was`: what it was, of which keys that no tap knows stay. `keepsTypes`: see `formatProgress`.
 */
export function bookmarkOf(
  progress: TableProgress,
  options: {
    readonly was: TapBookmark | null;
    readonly method: 'FULL_TABLE' | 'LOG_BASED';
    readonly keepsTypes: boolean;
    readonly nowMs: number;
  },
): TapBookmark {
  const { ledger, succeededAtMs } = progress;
  const { loading, live } = ledger;
  const stream = loading?.stream ?? null;
  const isComplete = options.was?.isInitialLoadComplete ?? false;
  // Half a first reading, or half of one after a gap: the Python tap would take all shards that are closed by now for read.
  const isUnfollowable = stream !== null && loading?.phase !== 'following';
  return {
    lastReplicationMethod: options.method,
    version: singerVersion(ledger),
    lastEvaluatedKey: loading === null ? null : tapKeyOf(loading),
    isInitialLoadComplete: stream === null ? live !== null || isComplete : !isUnfollowable,
    ...shardsOf(loading),
    succeededAtMs: isUnfollowable ? LONG_AGO_MS : succeededAtMs,
    // A success that is said to be later would be one of the Python tap.
    ours: formatProgress(progress, { ...options, nowMs: Math.max(options.nowMs, succeededAtMs ?? 0) }),
    rest: options.was?.rest ?? {},
  };
}

function shardsOf(loading: TapLoading | null): Pick<TapBookmark, 'finishedShards' | 'shardSequenceNumbers'> {
  if (loading === null || loading.stream === null) return { finishedShards: null, shardSequenceNumbers: {} };
  const finishedShards: string[] = [];
  const numbers: [string, string][] = [];
  for (const { unit, position } of loading.units.values()) {
    const shardId = parseShardUnit(unit);
    if (shardId === null) continue;
    const start = shardStart(position);
    if (start === null) finishedShards.push(shardId);
    // Without a number the Python tap reads a shard from its start.
    else if (start.kind === 'after') numbers.push([shardId, start.sequenceNumber]);
  }
  return { finishedShards, shardSequenceNumbers: Object.fromEntries(numbers) };
}

const tapKey = namedValues(z.record(z.string(), z.string()));

/** Where the Scan goes on as the Python tap writes it; null where it cannot: it has one segment, and text for bytes. */
export function tapKeyOf({ units }: Pick<TapLoading, 'units'>): TapKey | null {
  const position = units.get(ONLY_SEGMENT)?.position ?? 'start';
  const json = resumeKey(position);
  if (json === null) return null;
  const key: [string, Readonly<Record<string, string>>][] = [];
  for (const [name, value] of Object.entries(tapKey.parse(JSON.parse(json)))) {
    const text = tapValue(value);
    if (text === null) return null;
    key.push([name, text]);
  }
  return Object.fromEntries(key);
}

function tapValue(value: Readonly<Record<string, string>>): Readonly<Record<string, string>> | null {
  const { B: base64 } = value;
  if (base64 === undefined) return value;
  const bytes = Buffer.from(base64, 'base64');
  return isUtf8(bytes) ? { B: bytes.toString('utf8') } : null;
}
