import { randomUUID } from 'node:crypto';
import type { Batch } from '../../model/batch.ts';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Lane, Load } from '../destination.ts';
import { loadingVersion, nameOf, takeOver } from '../table-ledger.ts';
import { linesOf, removeDataFile, writeDataFile } from './data-files.ts';
import type { DataFile } from './log-entry.ts';
import { appended, requireTable, type TableLog } from './table-log.ts';

/** Takes the units over with an entry of the log; files of this lane are named after the claim it makes. */
export async function openLoad(
  log: TableLog,
  lane: Lane,
  { nowMs, logger }: { readonly nowMs: number; readonly logger: Logger },
): Promise<Load> {
  const claim = randomUUID();
  const { version, base } = lane;
  const { ledger } = await log.append((before) => {
    // Only to be judged: every reader of the entry does the same step.
    takeOver(requireTable(before, log).ledger, lane);
    return { kind: 'acquire', version, base, claim, units: lane.units };
  }, nowMs);
  const { units, schema: storedSchema } = loadingVersion(ledger, lane);
  let pending: Batch[] = [];
  let fileCount = 0;

  return {
    units: new Map([...units].filter(([unit]) => lane.units.includes(unit))),
    epoch: ledger.highestEpoch,
    schema: storedSchema,
    write: async (batch) => {
      if (batch.changes !== null)
        throw new TributaryError('BUG', `${nameOf(lane)} got changes, which files do not take`);
      pending.push(batch);
    },
    commit: async ({ moves: wanted, schema, nowMs: atMs }, { signal }) => {
      const batches = pending;
      pending = [];
      signal.throwIfAborted();
      const moves = wanted.map((move) => ({ ...move, shard: null }));
      const rows = batches.reduce((sum, { page }) => sum + page.rowCount, 0);
      let part: DataFile | null = null;
      if (rows > 0) {
        fileCount += 1;
        const content = linesOf(batches, {
          batchedAtMs: atMs,
          sequence: base,
          tableVersion: version,
          hasDeletes: false,
        });
        part = await writeDataFile({ folder: log.folder, version, base, claim, number: fileCount }, { content, rows });
      }
      try {
        signal.throwIfAborted();
        await log.append((before) => {
          const { ledger } = requireTable(before, log);
          const next = appended(ledger, { version, base, moves, part, schema, atMs });
          const isNewer = next.loading?.schema !== ledger.loading?.schema;
          return { kind: 'append', version, base, claim, moves, part, schema: isNewer ? schema : null };
        }, atMs);
      } catch (error) {
        if (part !== null) await discard(log, part, logger);
        throw error;
      }
      // A line holds any item, also one whose key is missing or of another type: nothing is ever rejected.
      return {
        receipt: 'durable',
        upsertedRows: rows,
        deletedRows: 0,
        compactedRows: 0,
        supersededRows: 0,
        rejectedRows: 0,
      };
    },
    close: async () => {
      pending = [];
    },
  };
}

/** Removes a data file after a failed commit, unless the log names it after all: an error may come behind the entry. */
async function discard(log: TableLog, part: DataFile, logger: Logger): Promise<void> {
  try {
    const { live, loading } = requireTable(await log.read(), log).ledger;
    const named = [...(live?.parts ?? []), ...(loading?.parts ?? [])].some(({ file }) => file === part.file);
    if (!named) await removeDataFile(log.folder, part);
  } catch (error) {
    logger.warning(`The file ${part.file} of a failed commit is left to a later clean-up: ${messageOf(error)}`);
  }
}
