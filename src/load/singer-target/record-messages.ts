import type { Batch } from '../../model/batch.ts';
import { ChangeKind } from '../../model/change.ts';
import type { ColumnPlan } from '../../model/column-plan.ts';
import type { Rendering } from '../../model/record-frame.ts';
import type { StoredSchema } from '../../model/stored-schema.ts';
import type { TableKey } from '../../model/table.ts';
import type { AttributeNames } from '../../model/tape.ts';
import { TributaryError } from '../../platform/errors.ts';
import { inferredSchema, renderingOf } from '../../singer/json-schema.ts';
import { deletedTail, recordFrame, schemaMessage } from '../../singer/messages.ts';
import { recordLines } from '../../transcode/record-lines.ts';

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
}

/** The RECORD messages of a commit, page by page as they are asked for. */
export function* recordsOf(batches: readonly Batch[], options: RecordOptions): Generator<Buffer> {
  const { stream, singerVersion: version, hasDeletes: deletedAt } = options;
  const rendered = options.inferSchema ? renderingsByName(options.schema) : new Map<string, Rendering>();
  for (const { page, changes, extractedAtMs } of batches) {
    const frame = recordFrame({ stream, version, timeExtractedMs: extractedAtMs, deletedAt });
    const renderings = byAttributeId(page.attributes, rendered);
    const tailOf = (row: number): Buffer =>
      changes === null || changes.kinds[row] === ChangeKind.upsert
        ? frame.tail
        : deletedTail(frame, changes.createdAtMs[row] ?? 0);
    yield recordLines(page, changes === null ? { frame, renderings } : { frame, tailOf, renderings });
  }
}

/** The key of a table, from the plan that its version began with. */
export function keyOf({ columns }: ColumnPlan): TableKey {
  const [hash, range] = columns.flatMap(({ attribute: name, key: type }) => (type === null ? [] : [{ name, type }]));
  if (hash === undefined) throw new TributaryError('BUG', 'The plan of a table has no key');
  return range === undefined ? [hash] : [hash, range];
}

/** Only attributes that are not written as their JSON. */
function renderingsByName({ columns }: StoredSchema): ReadonlyMap<string, Rendering> {
  const renderings = new Map<string, Rendering>();
  for (const column of columns) {
    const rendering = renderingOf(column);
    if (rendering !== null) renderings.set(column.attribute, rendering);
  }
  return renderings;
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
