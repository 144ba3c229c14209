import { join } from 'node:path';
import { z } from 'zod';
import type { KeyAttribute, TableKey } from '../../model/table.ts';
import { TributaryError } from '../../platform/errors.ts';
import { listFolder, makeFolder, readIfPresent, UNFINISHED, writeWhole } from '../durable-file.ts';
import { safeName } from '../run-files.ts';
import { storedGap, storedLedger, storedText } from '../stored-ledger.ts';
import type { StoredTable, TargetParts } from './target-table.ts';

/*
 * What is remembered of the tables of a destination: `tables/<source>/<table>.json`, one file a table, always replaced
 * whole. The file is what the next run goes on from.
 */

/** Unknown to this version means unreadable to this version. */
const FORMAT = 1;

const keyAttribute: z.ZodType<KeyAttribute> = z.object({ name: z.string(), type: z.enum(['S', 'N', 'B']) });
const key: z.ZodType<TableKey> = z.union([z.tuple([keyAttribute]), z.tuple([keyAttribute, keyAttribute])]);
const singerVersion = z.number().int().nonnegative();
const parts: z.ZodType<TargetParts> = z.object({ singerVersion, key });

const tableFile = z.object({
  format: z.literal(FORMAT),
  ledger: storedLedger(parts),
  gaps: z.array(storedGap),
  highestSingerVersion: singerVersion,
});

export async function saveTableFile(folder: string, stored: StoredTable): Promise<void> {
  const { source, table } = stored.ledger;
  const ofSource = join(tablesFolder(folder), safeName(source));
  await makeFolder(ofSource);
  await writeWhole(join(ofSource, `${safeName(table)}.json`), [`${storedText({ format: FORMAT, ...stored })}\n`]);
}

/** Of all sources. Rejects with STATE_INVALID when a file cannot be read. */
export async function readTableFiles(folder: string): Promise<readonly StoredTable[]> {
  const root = tablesFolder(folder);
  const found: StoredTable[] = [];
  for (const source of await listFolder(root)) {
    for (const name of await listFolder(join(root, source))) {
      if (name.endsWith(UNFINISHED)) continue;
      const path = join(root, source, name);
      const text = await readIfPresent(path);
      if (text !== null) found.push(parseTable(text, path));
    }
  }
  return found;
}

function parseTable(text: string, path: string): StoredTable {
  try {
    return tableFile.parse(JSON.parse(text));
  } catch (error) {
    throw new TributaryError('STATE_INVALID', `${path} is not the state of a table that this version can read`, {
      cause: error,
      context: { path },
    });
  }
}

function tablesFolder(folder: string): string {
  return join(folder, 'tables');
}
