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
  const { ref, projection, expressionAttributes } = selection;
  checkMethod(selection);
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

function checkMethod({ ref, method }: TableSelection): void {
  if (method === 'FULL_TABLE') return;
  const name = formatTableRef(ref);
  throw new TributaryError('SELECTION_INVALID', `${name}: ${method} is not in this version`, {
    hint: `Select it as FULL_TABLE: tributary select ${name} --method FULL_TABLE`,
    context: { table: name },
  });
}

function checkView({ ref, consistentRead }: TableSelection, index: CatalogIndex): void {
  const name = formatTableRef(ref);
  if (consistentRead && index.kind === 'global') {
    throw new TributaryError('SELECTION_INVALID', `${name} cannot be read consistently: it is a global index`, {
      hint: 'Leave out consistent_read; DynamoDB has no consistent reads of global indexes',
      context: { table: name },
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
