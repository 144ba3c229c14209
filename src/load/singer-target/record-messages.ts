import type { Batch } from '../../model/batch.ts';
import type { ColumnPlan } from '../../model/column-plan.ts';
import type { Rendering } from '../../model/record-frame.ts';
import type { StoredSchema } from '../../model/stored-schema.ts';
import type { TableKey } from '../../model/table.ts';
import type { AttributeNames } from '../../model/tape.ts';
import { TributaryError } from '../../platform/errors.ts';
import { inferredSchema, renderingsByName } from '../../singer/json-schema.ts';
import { recordFrame, schemaMessage } from '../../singer/messages.ts';
import { DELETED_AT } from '../../singer/metadata-attributes.ts';
import { rowTails } from '../../singer/row-tails.ts';
import { recordLines } from '../../transcode/record-lines.ts';
import { rowsWith } from '../../transcode/rows-with.ts';

interface Described {
  readonly stream: string;
  readonly key: TableKey;
  readonly schema: StoredSchema;
  /** Whether the table follows a stream: then every row says when it was deleted, or null. */
  readonly hasDeletes: boolean;
  readonly inferSchema: boolean;
}

/** The SCHEMA message of a table as it is now. */
export function schemaOf({ stream, key, schema, hasDeletes, inferSchema }: Described): Buffer {
  return schemaMessage({
    stream,
    // As the Python tap writes it where nothing is to be inferred.
    schema: inferSchema ? inferredSchema(schema.columns, { key, hasDeletes }) : { type: 'object' },
    keyProperties: key.map(({ name }) => name),
  });
}

interface RecordOptions extends Described {
  /** Null where the target is not told versions. */
  readonly singerVersion: number | null;
  /** Items have an attribute `_sdc_deleted_at` of their own. */
  readonly onOwnDeletedAt: () => void;
}

/** The RECORD messages of a commit, page by page as they are asked for. */
export function* recordsOf(batches: readonly Batch[], options: RecordOptions): Generator<Buffer> {
  const { stream, singerVersion: version, hasDeletes, schema } = options;
  const rendered = options.inferSchema
    ? renderingsByName(schema.columns, { hasDeletes })
    : new Map<string, Rendering>();
  for (const batch of batches) {
    const { page, extractedAtMs } = batch;
    const frame = recordFrame({ stream, version, timeExtractedMs: extractedAtMs, deletedAt: hasDeletes });
    const ownRows = rowsWith(page, DELETED_AT);
    if (ownRows.size > 0) options.onOwnDeletedAt();
    const renderings = byAttributeId(page.attributes, rendered);
    yield recordLines(page, { frame, tailOf: rowTails(batch, { frame, ownRows }), renderings });
  }
}

/** The key of a table, from the plan that its version began with. */
export function keyOf({ columns }: ColumnPlan): TableKey {
  const [hash, range] = columns.flatMap(({ attribute: name, key: type }) => (type === null ? [] : [{ name, type }]));
  if (hash === undefined) throw new TributaryError('BUG', 'The plan of a table has no key');
  return range === undefined ? [hash] : [hash, range];
}

function byAttributeId(
  names: AttributeNames,
  rendered: ReadonlyMap<string, Rendering>,
): ReadonlyMap<number, Rendering> {
  const byId = new Map<number, Rendering>();
  if (rendered.size === 0) return byId;
  for (let id = 0; id < names.size; id++) {
    const rendering = rendered.get(names.name(id));
    if (rendering !== undefined) byId.set(id, rendering);
  }
  return byId;
}
