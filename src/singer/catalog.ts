import { z } from 'zod';
import type { TableKey } from '../model/table.ts';
import { TributaryError } from '../platform/errors.ts';
import { isShallow, TOO_DEEP } from './nesting.ts';
import { plainIssue } from './plain-issue.ts';

/** A stream that the catalog selects. Its id is the name of its table. */
export interface CatalogStream {
  readonly stream: string;
  /** As the catalog has it; written as it is. */
  readonly schema: object;
  readonly keyProperties: readonly string[];
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
  /** Projection expression; null or blank: all attributes. */
  readonly projection: string | null;
  /** Names of its placeholders, as the text of a JSON object; null or blank: none. */
  readonly expressionAttributes: string | null;
}

/** A table for the catalog that discovery writes. */
export interface CatalogTableEntry {
  readonly name: string;
  readonly key: TableKey;
  readonly itemCount: number;
}

/** The catalog of these tables: no schema, nothing selected. */
export function catalogOf(tables: readonly CatalogTableEntry[]): object {
  return {
    streams: tables.map(({ name, key, itemCount }) => ({
      table_name: name,
      stream: name,
      tap_stream_id: name,
      metadata: [
        {
          breadcrumb: [],
          metadata: {
            'table-key-properties': key.map((attribute) => attribute.name),
            // As the Python tap: targets and Meltano take its absence for "unknown".
            ...(itemCount === 0 ? {} : { 'row-count': itemCount }),
          },
        },
      ],
      schema: { type: 'object' },
    })),
  };
}

const METHODS = ['FULL_TABLE', 'LOG_BASED'] as const;
const METHOD = 'replication-method';
const KEY = 'table-key-properties';
const PROJECTION = 'tap-mongodb.projection';
const EXPRESSION_ATTRIBUTES = 'tap-dynamodb.expression-attributes';
/** Developer Guide, "Naming rules". A secondary index has no place in a Singer catalog. */
const TABLE_NAME = /^[\w.-]{1,255}$/;

const catalogSchema = z.looseObject({ streams: z.array(z.unknown()) });
const streamSchema = z.looseObject({
  tap_stream_id: z.string().min(1),
  metadata: z.array(z.looseObject({ breadcrumb: z.array(z.unknown()), metadata: z.looseObject({}) })),
});
/** Booleans that a tool has written as text are meant as such. */
const flag = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false', ''] })], 'expected true or false');
const selectionSchema = z.looseObject({ selected: flag.nullish() });
const KEY_NAMES = 'expected the names of the key attributes, as discovery writes them';
const attributeName = z.string(KEY_NAMES).min(1, KEY_NAMES);
const settingsSchema = z.looseObject({
  [METHOD]: z.enum(METHODS, {
    error: ({ input }) =>
      input === undefined || input === null
        ? `missing; set it to ${METHODS.join(' or ')} in the metadata with the breadcrumb []`
        : `expected ${METHODS.join(' or ')}`,
  }),
  [KEY]: z.union([attributeName.transform((name) => [name]), z.array(attributeName).min(1, KEY_NAMES)], KEY_NAMES),
  [PROJECTION]: z.string('expected a text').nullish(),
  [EXPRESSION_ATTRIBUTES]: z.string('expected the text of a JSON object, such as "{\\"#n\\": \\"name\\"}"').nullish(),
});
const schemaSchema = z.looseObject({ schema: z.looseObject({}, 'expected a JSON Schema').refine(isShallow, TOO_DEEP) });

/**
 * The streams that a catalog selects, in its order; settings of others are not looked at. Throws CATALOG_INVALID with all
 * that is wrong, by stream and key.
 */
export function parseCatalog(json: unknown): readonly CatalogStream[] {
  const catalog = catalogSchema.safeParse(json);
  if (!catalog.success) throw invalid(['it has no list "streams"']);
  const problems: string[] = [];
  const streams: CatalogStream[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of catalog.data.streams.entries()) {
    const stream = streamSchema.safeParse(entry, { error: plainIssue });
    if (!stream.success) {
      problems.push(...problemsOf(nameOf(entry, index), stream.error));
      continue;
    }
    const { tap_stream_id: name, metadata } = stream.data;
    // As in singer-python, the last entry of a breadcrumb counts.
    const settings = metadata.findLast(({ breadcrumb }) => breadcrumb.length === 0)?.metadata ?? {};
    const selection = selectionSchema.safeParse(settings);
    if (!selection.success) problems.push(...problemsOf(name, selection.error));
    else if (selection.data.selected !== true) continue;
    if (!TABLE_NAME.test(name)) problems.push(`${name}: tap_stream_id: no name of a DynamoDB table`);
    if (seen.has(name)) problems.push(`${name}: is there twice`);
    seen.add(name);
    const parsed = settingsSchema.safeParse(settings);
    const schema = schemaSchema.safeParse(entry, { error: plainIssue });
    for (const { error } of [parsed, schema]) if (error) problems.push(...problemsOf(name, error));
    if (!parsed.success || !schema.success) continue;
    streams.push({
      ...{ stream: name, schema: schema.data.schema },
      keyProperties: parsed.data[KEY],
      method: parsed.data[METHOD],
      projection: parsed.data[PROJECTION] ?? null,
      expressionAttributes: parsed.data[EXPRESSION_ATTRIBUTES] ?? null,
    });
  }
  if (problems.length > 0) throw invalid(problems);
  return streams;
}

function nameOf(entry: unknown, index: number): string {
  const named = z.looseObject({ tap_stream_id: z.string().min(1) }).safeParse(entry);
  return named.success ? named.data.tap_stream_id : `streams[${index}]`;
}

function problemsOf(stream: string, { issues }: z.ZodError): readonly string[] {
  return issues.map(({ path, message }) => `${stream}: ${path.map(String).join('.') || 'the stream'}: ${message}`);
}

function invalid(problems: readonly string[]): TributaryError {
  const [first = '', ...others] = problems;
  const message = others.length === 0 ? ` ${first}` : problems.map((problem) => `\n- ${problem}`).join('');
  return new TributaryError('CATALOG_INVALID', `The catalog cannot be used:${message}`);
}
