import type { Deletes, TtlDeletes } from '../model/deletes.ts';
import type { ParsedProjection } from '../model/projection.ts';
import { formatTableRef, type TableKey, type TableRef } from '../model/table.ts';
import { carriesNewImages } from '../model/view-type.ts';
import { TributaryError } from '../platform/errors.ts';
import type { CatalogIndex, CatalogStream, CatalogTable } from './catalog.ts';
import { parseProjection } from './projection/parse-projection.ts';

export interface TableSelection {
  readonly ref: TableRef;
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
  /** As the user wrote it; null or blank: all attributes. */
  readonly projection: string | null;
  readonly expressionAttributes: Readonly<Record<string, string>>;
  readonly consistentRead: boolean;
  /** From here on of LOG_BASED tables. */
  readonly deletes: Deletes;
  readonly keepLastImage: boolean;
  readonly ttlDeletes: TtlDeletes;
}

/**
 * Whether the table can be replicated as selected, judged by what DynamoDB says about it. Returns the projection to scan
 * with. Throws SELECTION_INVALID, INDEX_NOT_FOUND or PROJECTION_INVALID.
 */
export function checkSelection(selection: TableSelection, table: CatalogTable): ParsedProjection | null {
  const parsed = checkSettings(selection, table);
  if (selection.method === 'LOG_BASED') checkStream(selection, table);
  return parsed;
}

/** The same without the stream, which can change or go while it is followed: that is a gap then, and no wrong selection. */
export function checkSettings(selection: TableSelection, table: CatalogTable): ParsedProjection | null {
  const { ref, projection, expressionAttributes } = selection;
  if (selection.method === 'LOG_BASED') checkChanges(selection);
  const index = ref.index === null ? null : findIndex(table, ref.index);
  if (index !== null) checkView(selection, index);
  const parsed = parseProjection({ expression: projection ?? '', expressionAttributes, key: table.key });
  if (parsed !== null && index?.kind === 'global') checkIndexHas(parsed, { index, tableKey: table.key });
  return parsed;
}

/** The index of a view. Throws INDEX_NOT_FOUND. */
export function findIndex(table: CatalogTable, name: string): CatalogIndex {
  const index = table.indexes.find((candidate) => candidate.name === name);
  if (index !== undefined) return index;
  const names = table.indexes.map((candidate) => candidate.name).join(', ');
  throw new TributaryError('INDEX_NOT_FOUND', `Table ${table.name} has no index ${name}`, {
    hint: names === '' ? `Table ${table.name} has no index at all` : `Use one of its indexes: ${names}`,
    context: { table: table.name, index: name },
  });
}

function checkChanges({ ref, deletes, keepLastImage, ttlDeletes }: TableSelection): void {
  const name = formatTableRef(ref);
  if (ref.index !== null) {
    throw refusal(name, 'cannot be LOG_BASED: an index has no stream', {
      hint: `Select ${name} as FULL_TABLE, or the table ${ref.table} as LOG_BASED`,
    });
  }
  if (deletes === 'soft') return;
  if (keepLastImage) {
    throw refusal(name, 'cannot keep the last image of rows that hard deletes remove', {
      hint: 'Leave out keep_last_image, or set deletes: soft',
    });
  }
  if (ttlDeletes === 'flag') {
    throw refusal(name, 'cannot flag expired items in rows that hard deletes remove', {
      hint: 'Set deletes: soft, or ttl_deletes to replicate or ignore',
    });
  }
}

function checkStream({ keepLastImage }: TableSelection, table: CatalogTable): void {
  const { name, stream } = table;
  if (!stream.enabled) {
    throw refusal(name, 'cannot be LOG_BASED: it has no stream', {
      hint: `Enable one: ${enableCommand(table)}; or select the table as FULL_TABLE`,
    });
  }
  const lack = lackOf(stream, keepLastImage);
  if (lack === null) return;
  const instead =
    keepLastImage && stream.viewType === 'NEW_IMAGE' ? 'leave out keep_last_image' : 'select it as FULL_TABLE';
  throw refusal(name, `cannot be LOG_BASED${keepLastImage ? ' with keep_last_image' : ''}: ${lack}`, {
    hint:
      `The view type of a stream cannot be changed. Disable the stream: ${disableCommand(table)}; then enable it again: ` +
      `${enableCommand(table)}. Other readers lose the old stream, and a table that is being followed has a gap: it is ` +
      `read again as a whole. Or ${instead}`,
  });
}

/** What the stream does not carry although it is needed, or null. */
function lackOf({ viewType }: CatalogStream, keepLastImage: boolean): string | null {
  const has = `its stream has the view type ${viewType}, which lacks`;
  if (viewType === null || !carriesNewImages(viewType)) return `${has} the new item`;
  return keepLastImage && viewType === 'NEW_IMAGE' ? `${has} the item as it was before` : null;
}

function enableCommand(table: CatalogTable): string {
  return updateCommand(table, 'StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES');
}

function disableCommand(table: CatalogTable): string {
  return updateCommand(table, 'StreamEnabled=false');
}

function updateCommand({ name, region, endpoint }: CatalogTable, specification: string): string {
  const at = endpoint === null ? '' : ` --endpoint-url ${shellWord(endpoint)}`;
  return `aws dynamodb update-table${at} --region ${region} --table-name ${name} --stream-specification ${specification}`;
}

/** Quoted where a shell would read more into it, as into the brackets of an IPv6 address. */
function shellWord(text: string): string {
  return /^[\w:/.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function refusal(name: string, why: string, { hint }: { readonly hint: string }): TributaryError {
  return new TributaryError('SELECTION_INVALID', `${name} ${why}`, { hint, context: { table: name } });
}

function checkView({ ref, consistentRead }: TableSelection, index: CatalogIndex): void {
  const name = formatTableRef(ref);
  if (consistentRead && index.kind === 'global') {
    throw refusal(name, 'cannot be read consistently: it is a global index', {
      hint: 'Leave out consistent_read; DynamoDB has no consistent reads of global indexes',
    });
  }
}

/** DynamoDB refuses a Scan of a global index for attributes that the index does not hold. */
function checkIndexHas(
  { paths }: ParsedProjection,
  { index, tableKey }: { readonly index: CatalogIndex; readonly tableKey: TableKey },
): void {
  if (index.projectionType === 'ALL') return;
  const held = new Set([...index.key, ...tableKey].map(({ name }) => name).concat(index.includedAttributes));
  const missing = paths.map(([{ attribute }]) => attribute).filter((attribute) => !held.has(attribute));
  if (missing.length === 0) return;
  throw new TributaryError('PROJECTION_INVALID', `Index ${index.name} does not hold ${missing.join(', ')}`, {
    hint: `The index holds ${[...held].join(', ')}; leave the others out, or replicate the table`,
  });
}
