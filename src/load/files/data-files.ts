import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Batch } from '../../model/batch.ts';
import { type Content, writeWhole } from '../durable-file.ts';
import { withFileErrors } from '../file-errors.ts';
import { itemLines, type LineMetadata } from '../item-lines.ts';
import type { VersionId } from '../table-ledger.ts';
import type { DataFile } from './log-entry.ts';

/** Where the data files of a version lie, relative to the folder of the table: no other version ever has the folder. */
export function versionFolder({ version, base }: VersionId): string {
  return join('data', `${version}-${base}`);
}

interface NewDataFile extends VersionId {
  /** Folder of the table. */
  readonly folder: string;
  /** Who writes it: clean-up must know whether that one could still name it in the log. */
  readonly claim: string;
  /** Distinguishes the files of a claim. */
  readonly number: number;
}

/** Writes a data file durably. Only an entry of the log makes it part of the table. */
export async function writeDataFile(
  { folder, claim, number, ...version }: NewDataFile,
  { content, rows }: { readonly content: Content; readonly rows: number },
): Promise<DataFile> {
  const file = join(versionFolder(version), `${claim}-${number}.jsonl`);
  const path = join(folder, file);
  const { bytes } = await withFileErrors(path, () => writeWhole(path, content));
  return { file, rows, bytes };
}

/** The lines of batches, one batch in memory at a time. */
export function* linesOf(batches: readonly Batch[], metadata: LineMetadata): Generator<Buffer> {
  for (const batch of batches) yield itemLines(batch, metadata);
}

export async function removeDataFile(folder: string, { file }: DataFile): Promise<void> {
  await rm(join(folder, file), { force: true });
}
