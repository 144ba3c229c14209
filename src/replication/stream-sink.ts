import type { NewShard, StreamSink } from '../extract/streams/stream-sink.ts';
import { shardUnit } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import type { ByteBudget } from '../platform/byte-budget.ts';
import { TributaryError } from '../platform/errors.ts';
import type { UnitProgress } from '../state/unit-progress.ts';
import type { LaneLoader } from './lane-loader.ts';
import type { TableCounters } from './table-counters.ts';

/**
 * Turns what is read from a stream into rows and progress for the loader, and gives every change its `_sdc_sequence`: one
 * more than the last of its shard, and above the base. It follows cause, not the clock: a child goes on from what its
 * parent had at its end, even if the child never gets a record.
 */
export function createStreamSink(options: {
  readonly loader: LaneLoader;
  readonly progress: UnitProgress;
  readonly base: bigint;
  readonly memory: ByteBudget;
  readonly counters: TableCounters;
  readonly onProgress: () => void;
}): StreamSink {
  const { loader, progress, base, memory, counters, onProgress } = options;

  const openChildren = (children: readonly NewShard[]): void => {
    progress.open(children.map((child) => childUnit(child, progress)));
    if (children.length > 0) loader.touch();
  };

  return {
    changes({ shardId, from, to, records, answeredAtMs, receivedAtMs, heldBytes, verifiedThroughMs }) {
      const unit = shardUnit(shardId);
      const { page, changes } = records;
      const { kinds, createdAtMs } = changes;
      const sequences = new BigInt64Array(page.rowCount);
      const batch = {
        page,
        changes: { kinds, sequences, createdAtMs },
        extractedAtMs: answeredAtMs,
        receivedAtMs,
      };
      loader.take({ batch, heldBytes, memory }, () => {
        const before = progress.current(unit).shard?.sequence ?? base;
        let sequence = before > base ? before : base;
        for (let row = 0; row < sequences.length; row++) sequences[row] = ++sequence;
        progress.advanceShard(unit, from, to, { sequence, verifiedThroughMs });
      });
      counters.changesRead += records.recordCount;
      onProgress();
    },
    finished({ shardId, from, children, waiting }) {
      const unit = shardUnit(shardId);
      progress.advanceShard(unit, from, 'end', {});
      const sequence = progress.current(unit).shard?.sequence ?? base;
      for (const child of waiting.map(shardUnit)) {
        const { position } = progress.current(child);
        progress.advanceShard(child, position, position, { sequence });
      }
      loader.touch();
      openChildren(children);
    },
    opened: openChildren,
    verified({ shardId, from, to, verifiedThroughMs }) {
      progress.advanceShard(shardUnit(shardId), from, to, { verifiedThroughMs });
      if (from === to) loader.touchVerified();
      else loader.touch();
    },
    pruned(shardId) {
      progress.prune(shardUnit(shardId));
    },
  };
}

function childUnit(
  { shardId, parentShardId, position, firstListedAtMs, verifiedThroughMs }: NewShard,
  progress: Pick<UnitProgress, 'current'>,
): NewUnit {
  const parent = progress.current(shardUnit(parentShardId)).shard;
  if (parent === null) throw new TributaryError('BUG', `Shard ${shardId} is opened without its parent`);
  const { lane, sequence } = parent;
  return {
    unit: shardUnit(shardId),
    position,
    shard: { parent: parentShardId, lane, sequence, verifiedThroughMs, firstListedAtMs },
  };
}
