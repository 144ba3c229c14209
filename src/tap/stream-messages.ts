import type { Batch } from '../model/batch.ts';
import type { RecordFrame, Rendering } from '../model/record-frame.ts';
import type { StoredSchema } from '../model/stored-schema.ts';
import type { TableKey } from '../model/table.ts';
import type { TapePage } from '../model/tape.ts';
import type { Logger } from '../platform/logger.ts';
import { inferredSchema, renderingsByName } from '../singer/json-schema.ts';
import { activateVersionMessage, batchFrame, batchMessage, recordFrame, schemaMessage } from '../singer/messages.ts';
import { DELETED_AT, metadataAttributeWarnings, TABLE_VERSION } from '../singer/metadata-attributes.ts';
import { rowTails } from '../singer/row-tails.ts';
import { recordLines } from '../transcode/record-lines.ts';
import { rowsWith } from '../transcode/rows-with.ts';
import type { BatchWriter } from './batch-files.ts';
import type { SingerOutput } from './output.ts';

/** A stream of the catalog: a table. */
export interface TapStream {
  readonly stream: string;
  /** JSON Schema, as the catalog has it. */
  readonly schema: object;
  /** As the catalog has them: they may be others than those of the table. */
  readonly keyProperties: readonly string[];
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
}

/** What the rows of a commit are written with. */
interface Shape {
  readonly schema: StoredSchema;
  readonly key: TableKey;
}

/** The messages of one stream, but for STATE. Each call writes whole lines; who calls sees to their order. */
export interface StreamMessages {
  /**
   * Once before anything else of the stream in a run; with inferred schemas again when the columns ask for another.
   * `activeVersion`: a complete version, which is activated before a changed schema. Targets of Meltano's SDK write rows
   * of an older schema behind those of a newer one otherwise.
   */
  schema(shape: Shape, activeVersion: number | null): Promise<void>;
  /** Targets delete the rows of other versions then: of an incomplete one also those that were not read yet. */
  activate(version: number): Promise<void>;
  /** RECORDs or a BATCH of all of the rows. */
  rows(batches: readonly Batch[], shape: Shape & { readonly version: number }): Promise<void>;
}

export function createStreamMessages(
  stream: TapStream,
  options: {
    readonly output: SingerOutput;
    readonly inferSchema: boolean;
    /** Null: rows are RECORDs. */
    readonly batches: BatchWriter | null;
    readonly log: Logger;
  },
): StreamMessages {
  const { output, inferSchema, batches: files, log } = options;
  const { stream: name, keyProperties, method } = stream;
  const isFollowed = method === 'LOG_BASED';
  let said: Buffer | null = null;
  let lastLines: Buffer | null = null;
  /** Of which the schema was said last: comparing messages with each commit would cost more. */
  let saidOf: StoredSchema | null = null;
  const warnOfAttribute = metadataAttributeWarnings(log);

  const activate = async (version: number): Promise<void> => {
    await output.write(activateVersionMessage(name, version));
  };
  const warnOfKey = (key: TableKey): void => {
    const own = key.map((attribute) => attribute.name);
    if (own.length === keyProperties.length && own.every((attribute) => keyProperties.includes(attribute))) return;
    log.warning(
      `${name}: the catalog says the key is ${keyProperties.join(', ') || 'none'}, the table says ${own.join(', ')}: ` +
        'targets go by the catalog',
    );
  };

  const ownRowsOf = ({ page }: Batch): ReadonlySet<number> => {
    const rows = rowsWith(page, DELETED_AT);
    if (rows.size > 0) warnOfAttribute(name, DELETED_AT);
    return rows;
  };

  return {
    activate,
    async schema({ schema, key }, activeVersion) {
      if (said !== null && (!inferSchema || saidOf === schema)) return;
      const content = inferSchema ? inferredSchema(schema.columns, { key, hasDeletes: isFollowed }) : stream.schema;
      const message = schemaMessage({ stream: name, schema: content, keyProperties });
      saidOf = schema;
      if (said?.equals(message)) return;
      if (said === null) warnOfKey(key);
      else if (activeVersion !== null) await activate(activeVersion);
      said = message;
      await output.write(message);
    },
    async rows(batches, { version, schema }) {
      const frame =
        files === null
          ? recordFrame({ stream: name, version, timeExtractedMs: null, deletedAt: isFollowed })
          : batchFrame({ version, deletedAt: isFollowed });
      const byName = inferSchema ? renderingsByName(schema.columns, { hasDeletes: isFollowed }) : NO_RENDERINGS;
      const pages = batches.filter(({ page }) => page.rowCount > 0);
      if (files === null) {
        for (const batch of pages) {
          const ownRows = ownRowsOf(batch);
          // A megabyte of new memory for each page costs more than to fill it.
          lastLines = linesOf(batch, { frame, byName, ownRows, over: lastLines });
          await output.write(lastLines);
        }
        return;
      }
      const lines = pages.map((batch) => {
        if (rowsWith(batch.page, TABLE_VERSION).size > 0) warnOfAttribute(name, TABLE_VERSION);
        return linesOf(batch, { frame, byName, ownRows: ownRowsOf(batch), over: null });
      });
      await output.write(batchMessage(name, [await files.write(name, Buffer.concat(lines))]));
    },
  };
}

const NO_RENDERINGS: ReadonlyMap<string, Rendering> = new Map();

interface LinesOptions {
  readonly frame: RecordFrame;
  readonly byName: ReadonlyMap<string, Rendering>;
  /** See `rowTails`. */
  readonly ownRows: ReadonlySet<number>;
  readonly over: Buffer | null;
}

function linesOf(batch: Batch, { frame, byName, ownRows, over }: LinesOptions): Buffer {
  const renderings = renderingsOf(batch.page, byName);
  return recordLines(batch.page, { frame, tailOf: rowTails(batch, { frame, ownRows }), renderings, over });
}

function renderingsOf(
  { observed, attributes }: TapePage,
  byName: ReadonlyMap<string, Rendering>,
): ReadonlyMap<number, Rendering> {
  const renderings = new Map<number, Rendering>();
  if (byName.size === 0) return renderings;
  observed.forEach((observation, id) => {
    const rendering = observation === undefined ? undefined : byName.get(attributes.name(id));
    if (rendering !== undefined) renderings.set(id, rendering);
  });
  return renderings;
}
