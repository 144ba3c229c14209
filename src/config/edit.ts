import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCodeOf, TributaryError } from '../platform/errors.ts';
import { editMap } from './edit-map.ts';
import { TABLE_DEFAULTS } from './table-defaults.ts';
import type { TableConfig } from './tributary-config.ts';

/** What `select` changes in one source. */
export interface SelectionEdit {
  readonly source: string;
  /** Tables to add, or to change to exactly these settings. */
  readonly select: readonly TableConfig[];
  /** Tables to take out, see TableConfig.table. */
  readonly remove: readonly string[];
  /** What `select_new_tables` is to be; null leaves it as it is. */
  readonly patterns: readonly string[] | null;
}

/**
 * The file with the selection changed; every line that is not about the change stays as it is. `yaml` is a file that
 * loadConfig accepts and that has the source.
 */
export function editSelection(yaml: string, { source, select, remove, patterns }: SelectionEdit): string {
  const tables = select.map((table) => [table.table, settingsOf(table)] as const);
  const withTables = editMap(yaml, { path: ['sources', source, 'tables'], set: tables, remove });
  if (patterns === null) return withTables;
  const name = 'select_new_tables';
  return patterns.length === 0
    ? editMap(withTables, { path: ['sources', source], set: [], remove: [name] })
    : editMap(withTables, { path: ['sources', source], set: [[name, patterns.map(literal)]], remove: [] });
}

/**
 * Replaces the file in one step: written aside, synced, renamed, so that a crash leaves the old or the new one. A
 * symbolic link stays one. Rejects with CONFIG_UNWRITABLE.
 */
export async function writeConfigFile(path: string, text: string): Promise<void> {
  let temporary: string | null = null;
  try {
    const target = await realpath(path);
    const { mode } = await stat(target);
    const aside = join(dirname(target), `.tributary-${process.pid}.yaml.tmp`);
    temporary = aside;
    await writeSynced(aside, text, mode);
    await rename(aside, target);
  } catch (error) {
    if (temporary !== null) await rm(temporary, { force: true });
    throw unwritable(path, error);
  }
}

/** Creates the file; rejects with CONFIG_EXISTS where there is one and with CONFIG_UNWRITABLE. */
export async function createConfigFile(path: string, text: string): Promise<void> {
  try {
    await writeSynced(path, text, 0o644);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') {
      throw new TributaryError('CONFIG_EXISTS', `${path} was not written, because there is such a file`, {
        cause: error,
      });
    }
    if (systemCodeOf(error) === 'ENOENT') {
      const message = `${path} could not be written: there is no folder ${dirname(path)}`;
      const hint = 'Make the folder first, or name a file in another one with --config';
      throw new TributaryError('CONFIG_UNWRITABLE', message, { hint, cause: error });
    }
    throw unwritable(path, error);
  }
}

async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function unwritable(path: string, error: unknown): TributaryError {
  const reason = systemCodeOf(error) ?? 'unknown reason';
  return new TributaryError('CONFIG_UNWRITABLE', `${path} could not be written (${reason})`, { cause: error });
}

/** What differs from the defaults, as the file writes it. */
function settingsOf(table: TableConfig): Record<string, unknown> {
  const attributes = Object.entries(table.expressionAttributes).map(([name, value]) => [name, literal(value)]);
  return {
    method: table.method,
    ...(table.projection === null ? {} : { projection: literal(table.projection) }),
    ...(attributes.length === 0 ? {} : { expression_attributes: Object.fromEntries(attributes) }),
    ...changed('consistent_read', table.consistentRead, TABLE_DEFAULTS.consistentRead),
    ...changed(
      'strip_global_table_attributes',
      table.stripGlobalTableAttributes,
      TABLE_DEFAULTS.stripGlobalTableAttributes,
    ),
    ...changed('deletes', table.deletes, TABLE_DEFAULTS.deletes),
    ...changed('keep_last_image', table.keepLastImage, TABLE_DEFAULTS.keepLastImage),
    ...changed('ttl_deletes', table.ttlDeletes, TABLE_DEFAULTS.ttlDeletes),
    ...changed('on_gap', table.onGap, TABLE_DEFAULTS.onGap),
  };
}

function changed(option: string, value: string | boolean, byDefault: string | boolean): Record<string, unknown> {
  return value === byDefault ? {} : { [option]: value };
}

/** A text that the file would take for a reference to a variable, written so that it is itself. */
function literal(text: string): string {
  return text.replaceAll(/\$(?=\{[A-Za-z_])/g, '$$$$');
}
