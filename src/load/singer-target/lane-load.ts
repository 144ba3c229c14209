import type { Batch } from '../../model/batch.ts';
import { ChangeKind } from '../../model/change.ts';
import type { UnitId } from '../../model/unit.ts';
import type { TributaryError } from '../../platform/errors.ts';
import { DELETED_AT, type metadataAttributeWarnings } from '../../singer/metadata-attributes.ts';
import type { CommitReceipt, Lane, Load } from '../destination.ts';
import {
  type LedgerCommit,
  type LoadingLedger,
  loadingVersion,
  moveUnits,
  takeOver,
  withRows,
} from '../table-ledger.ts';
import type { SingerTargetOptions } from './options.ts';
import { recordsOf, schemaOf } from './record-messages.ts';
import { settled } from './refresh.ts';
import type { TargetLoader } from './target-loader.ts';
import type { TargetPipe } from './target-session.ts';
import type { TargetLedger, TargetParts } from './target-table.ts';

interface LaneLoadOptions {
  readonly loader: TargetLoader;
  readonly options: Pick<SingerTargetOptions, 'inferSchema' | 'activateVersion'>;
  readonly warnOfAttribute: ReturnType<typeof metadataAttributeWarnings>;
}

/** Takes units over and loads them: rows go to the target at once, bookmarks follow when it confirms them. */
export async function openLaneLoad(lane: Lane, surroundings: LaneLoadOptions): Promise<Load> {
  const { loader, options, warnOfAttribute } = surroundings;
  const { version, base } = lane;
  const { table, taken } = await loader.exclusively(async (pipe, tables) => {
    const table = tables.require(lane);
    await settled(table, pipe);
    const taken = takeOver(table.durable.ledger, lane);
    await table.replace({ ...table.durable, ledger: taken.ledger });
    return { table, taken };
  });
  let pending: Batch[] = [];
  let lost: TributaryError | null = null;
  let durableCommits = 0;
  let listener: (commits: number) => void = () => {};

  const send = async (pipe: TargetPipe, batches: readonly Batch[], commit: LedgerCommit): Promise<CommitReceipt> => {
    if (lost !== null) throw lost;
    const { latest } = table;
    // Judged before a byte is written.
    const loading = loadingVersion(latest.ledger, commit);
    const counts = countsOf(batches);
    const next = { ...latest, ledger: ledgerAfter(latest.ledger, commit, counts.scanned) };
    const accepted = {
      next,
      unit: firstUnit(commit),
      onDurable: () => {
        durableCommits += 1;
        listener(durableCommits);
      },
      onLost: (error: TributaryError) => {
        lost ??= error;
      },
    };
    if (counts.rows > 0) {
      const { inferSchema, activateVersion } = options;
      const { singerVersion, key } = loading.parts;
      const hasDeletes = loading.stream !== null;
      const described = { stream: table.stream, key, schema: commit.schema, hasDeletes, inferSchema };
      await pipe.deliver({
        table,
        schema: schemaOf(described),
        activated: activateVersion && isInSight(loading) ? singerVersion : null,
        rows: recordsOf(batches, {
          ...described,
          singerVersion: activateVersion ? singerVersion : null,
          onOwnDeletedAt: () => warnOfAttribute(table.stream, DELETED_AT),
        }),
        rowCount: counts.rows,
        commit: accepted,
      });
      return receiptOf('accepted', counts);
    }
    if (table.lastMark !== null) {
      table.accept({ ...accepted, mark: table.lastMark, hasRows: false });
      return receiptOf('accepted', counts);
    }
    await table.replace(next);
    durableCommits += 1;
    return receiptOf('durable', counts);
  };

  return {
    units: taken.units,
    epoch: taken.epoch,
    schema: taken.schema,
    write: async (batch) => {
      pending.push(batch);
    },
    commit: async (commit, { signal }) => {
      const batches = pending;
      pending = [];
      signal.throwIfAborted();
      return await loader.exclusively((pipe) => send(pipe, batches, { ...commit, version, base, epoch: taken.epoch }));
    },
    acceptance: {
      onDurable(onDurable) {
        listener = onDurable;
      },
      async settle() {
        await loader.exclusively(async (pipe) => {
          if (lost === null && table.lastMark !== null)
            await pipe.settle().catch((error) => {
              // What the lane has lost says more: which unit.
              if (lost === null) throw error;
            });
        });
        if (lost !== null) throw lost;
      },
    },
    close: async () => {
      pending = [];
    },
  };
}

function ledgerAfter(ledger: TargetLedger, commit: LedgerCommit, scannedRows: number): TargetLedger {
  const moved = moveUnits(ledger, commit);
  const { parts, phase, rowCount: before } = loadingVersion(moved, commit);
  // What changes do to a table that cannot be asked nobody knows: rows are those of its last complete reading.
  const rowCount = before + scannedRows;
  const liveRowCount = phase === 'snapshotting' ? rowCount : (ledger.live?.rowCount ?? 0);
  return withRows(moved, commit, { parts, rowCount, liveRowCount });
}

/** Whether readers are to see the rows as they come: not while a version is built aside, or read again. */
function isInSight({ placement, phase }: LoadingLedger<TargetParts>): boolean {
  return placement === 'live' && phase !== 'resyncing';
}

interface Counts {
  readonly rows: number;
  readonly deleted: number;
  /** Rows of a Scan. */
  readonly scanned: number;
}

function countsOf(batches: readonly Batch[]): Counts {
  let [rows, deleted, scanned] = [0, 0, 0];
  for (const { page, changes } of batches) {
    rows += page.rowCount;
    if (changes === null) scanned += page.rowCount;
    for (const kind of changes?.kinds ?? []) if (kind !== ChangeKind.upsert) deleted += 1;
  }
  return { rows, deleted, scanned };
}

function receiptOf(receipt: CommitReceipt['receipt'], { rows, deleted }: Counts): CommitReceipt {
  const none = { compactedRows: 0, supersededRows: 0, rejectedRows: 0 };
  return { receipt, upsertedRows: rows - deleted, deletedRows: deleted, ...none };
}

function firstUnit({ moves, opened }: LedgerCommit): UnitId | null {
  return moves[0]?.unit ?? opened[0]?.unit ?? null;
}
