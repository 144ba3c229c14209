import type { ParsedProjection } from '../model/projection.ts';
import { formatTableRef, type TableKey, type TableRef } from '../model/table.ts';
import { TributaryError } from '../platform/errors.ts';
import type { CatalogIndex, CatalogTable } from './catalog.ts';
import { parseProjection } from './projection/parse-projection.ts';

export interface TableSelection {
  readonly ref: TableRef;
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
  /** As the user wrote it; null or blank: all attributes. */
  readonly projection: string | null;
  readonly expressionAttributes: Readonly<Record<string, string>>;
  readonly consistentRead: boolean;
}

/**
 * Whether the table can be replicated as selected, judged by what DynamoDB says about it. Returns the projection to scan
 * with. Throws SELECTION_INVALID, INDEX_NOT_FOUND or PROJECTION_INVALID.
 */
export function checkSelection(selection: TableSelection, table: CatalogTable): ParsedProjection | null {
  const { ref, method, projection, expressionAttributes } = selection;
  const index = ref.index === null ? null : findIndex(table, ref.index);
  if (index !== null) checkView(selection, index);
  if (method === 'LOG_BASED') checkStream(table);
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

function checkView({ ref, method, consistentRead }: TableSelection, index: CatalogIndex): void {
  const name = formatTableRef(ref);
  if (method === 'LOG_BASED') {
    throw new TributaryError('SELECTION_INVALID', `${name} cannot be LOG_BASED: an index has no stream`, {
      hint: `Select ${name} as FULL_TABLE, or the table ${ref.table} as LOG_BASED`,
      context: { table: name },
    });
  }
  if (consistentRead && index.kind === 'global') {
    throw new TributaryError('SELECTION_INVALID', `${name} cannot be read consistently: it is a global index`, {
      hint: 'Leave out consistent_read; DynamoDB has no consistent reads of global indexes',
      context: { table: name },
    });
  }
}

function checkStream({ name, stream }: CatalogTable): void {
  if (stream.enabled && (stream.viewType === 'NEW_IMAGE' || stream.viewType === 'NEW_AND_OLD_IMAGES')) return;
  const enable =
    `aws dynamodb update-table --table-name ${name} ` +
    '--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES';
  if (!stream.enabled) {
    throw new TributaryError('SELECTION_INVALID', `${name} cannot be LOG_BASED: it has no stream`, {
      hint: `Enable one: ${enable}; or select the table as FULL_TABLE`,
      context: { table: name },
    });
  }
  throw new TributaryError(
    'SELECTION_INVALID',
    `${name} cannot be LOG_BASED: its stream has the view type ${stream.viewType}, which lacks the new item`,
    {
      hint:
        'The view type cannot be changed: disable the stream (other readers of it lose it) and enable it with ' +
        `NEW_IMAGE or NEW_AND_OLD_IMAGES: ${enable}; or select the table as FULL_TABLE`,
      context: { table: name },
    },
  );
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
