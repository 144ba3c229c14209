import { setImmediate } from 'node:timers/promises';
import type { Gap } from '../../model/gap.ts';
import type { TableKey } from '../../model/table.ts';
import type { UnitId } from '../../model/unit.ts';
import { messageOf, TributaryError, toTributaryError } from '../../platform/errors.ts';
import type { LoadTarget } from '../destination.ts';
import { nameOf, type TableLedger } from '../table-ledger.ts';

/** What the rows of a version have in common at the target. */
export interface TargetParts {
  /** The version that Singer's messages name: above that of every version before, and of every resync. */
  readonly singerVersion: number;
  readonly key: TableKey;
}

export type TargetLedger = TableLedger<TargetParts>;

/** What is remembered of a table. */
export interface StoredTable {
  readonly ledger: TargetLedger;
  readonly gaps: readonly Gap[];
  /** The greatest that a version of it ever had. */
  readonly highestSingerVersion: number;
}

/** What a lane hears about a commit of its own. */
export interface AcceptedCommit {
  /** It is durable when the target has confirmed this mark. */
  readonly mark: number;
  /** Whether it has rows: without, the target may confirm an older mark, having nothing to load. */
  readonly hasRows: boolean;
  readonly next: StoredTable;
  /** The first unit of it, for messages. */
  readonly unit: UnitId | null;
  readonly onDurable: () => void;
  /** It will never be durable. */
  readonly onLost: (error: TributaryError) => void;
}

/**
 * One table while this process loads it: what is durable, and commits that the target has and has not confirmed. Calls of
 * `accept` and `replace` do not overlap; `confirm` comes when it likes.
 */
export interface TargetTable {
  /** What the target calls it. */
  readonly stream: string;
  readonly durable: StoredTable;
  /** With what is accepted. */
  readonly latest: StoredTable;
  /** The mark of the last commit that is not durable yet; null when all are. */
  readonly lastMark: number | null;
  accept(commit: AcceptedCommit): void;
  /** Everything up to the mark is loaded. Its bookmarks become durable, soon. */
  confirm(mark: number): void;
  /** The target has read all of its input and has ended well: what has no rows needs no other confirmation. */
  confirmEnd(): void;
  /** Resolves when everything that was confirmed is durable; rejects when it could not be made so. */
  confirmed(): Promise<void>;
  /** What is not durable never will be. */
  lose(error: TributaryError): void;
  /** Makes another state durable; only while all commits are. */
  replace(next: StoredTable): Promise<void>;
}

interface TargetTableOptions {
  readonly stored: StoredTable;
  readonly save: (stored: StoredTable) => Promise<void>;
  /** Called when a confirmed commit could not be made durable. */
  readonly onFailure: (error: unknown) => void;
}

export function createTargetTable({ stored, save, onFailure }: TargetTableOptions): TargetTable {
  let durable = stored;
  /** In the order of their marks. */
  const waiting: AcceptedCommit[] = [];
  let confirmedMark = 0;
  let saving: Promise<void> | null = null;
  let failure: { readonly error: unknown } | null = null;

  /** One file for all commits that were confirmed meanwhile. */
  const saveConfirmed = async (): Promise<void> => {
    for (;;) {
      const count = waiting.findLastIndex(({ mark }) => mark <= confirmedMark) + 1;
      const last = waiting[count - 1];
      if (last === undefined) return;
      await save(last.next);
      durable = last.next;
      const done = waiting.splice(0, count);
      // A lane must have heard that a commit was accepted before it hears that it is durable.
      await setImmediate();
      for (const { onDurable } of done) onDurable();
    }
  };
  const startSaving = (): void => {
    if (saving !== null || failure !== null) return;
    saving = saveConfirmed()
      .catch((error: unknown) => {
        failure = { error };
        onFailure(error);
      })
      .finally(() => {
        saving = null;
      });
  };

  const confirm = (mark: number): void => {
    if (mark <= confirmedMark) return;
    confirmedMark = mark;
    startSaving();
  };

  return {
    stream: streamOf(stored.ledger),
    get durable() {
      return durable;
    },
    get latest() {
      return waiting.at(-1)?.next ?? durable;
    },
    get lastMark() {
      return waiting.at(-1)?.mark ?? null;
    },
    accept(commit) {
      waiting.push(commit);
      if (commit.mark <= confirmedMark) startSaving();
    },
    confirm,
    confirmEnd() {
      if (waiting.some(({ mark, hasRows }) => hasRows && mark > confirmedMark)) return;
      confirm(waiting.at(-1)?.mark ?? 0);
    },
    async confirmed() {
      await saving;
      if (failure !== null) throw failure.error;
    },
    lose(error) {
      failure = null;
      for (const { unit, onLost } of waiting.splice(0)) onLost(lostError(error, { unit, ledger: durable.ledger }));
    },
    async replace(next) {
      await saving;
      if (waiting.length > 0) throw new TributaryError('BUG', `${nameOf(durable.ledger)} has commits that wait`);
      await save(next);
      durable = next;
    },
  };
}

/**
 * What Singer calls a stream: many targets take what is before the hyphen for the name of a schema. No name at a
 * destination has a hyphen, so that two tables never share a stream.
 */
export function streamOf({ destinationSchema, destinationTable }: TargetLedger): string {
  return `${destinationSchema}-${destinationTable}`;
}

function lostError(
  error: TributaryError,
  { unit, ledger }: { readonly unit: UnitId | null; readonly ledger: LoadTarget },
): TributaryError {
  const what = unit === null ? nameOf(ledger) : `${unit} of ${nameOf(ledger)}`;
  const { code, hint, context, kind } = toTributaryError(error);
  const message = `What was read of ${what} is not durable: ${messageOf(error)}`;
  return new TributaryError(code, message, { hint, context, kind, cause: error });
}
