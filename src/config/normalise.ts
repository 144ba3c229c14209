import { dirname, resolve } from 'node:path';
import { parseDurationMs } from '../platform/duration.ts';
import type { ConfigText } from './config-text.ts';
import { connectionOptions, credentialProblems, parseAccountId } from './connection.ts';
import type { OptionProblem } from './option-problems.ts';
import {
  type ConfigFile,
  DEFAULT_FLUSH_INTERVAL_MS,
  DEFAULT_MAX_CONCURRENCY,
  type SourceFile,
  type TableFile,
} from './schema.ts';
import { suggestion } from './suggestion.ts';
import { CHANGE_OPTIONS, TABLE_DEFAULTS } from './table-defaults.ts';
import type {
  DestinationConfig,
  ReadCapacity,
  SourceConfig,
  TableConfig,
  TributaryConfig,
} from './tributary-config.ts';
import { type VariableValue, variableValuesOf } from './variables.ts';

interface NormaliseOptions {
  readonly file: ConfigFile;
  readonly inserted: readonly VariableValue[];
  readonly text: ConfigText;
  readonly path: string;
  readonly home: string;
}

/** The file with defaults filled in and no optional fields; only for a file without `crossProblems`. */
export function normalise({ file, inserted, text, path, home }: NormaliseOptions): TributaryConfig {
  const baseFolder = dirname(resolve(path));
  const destinations = mapEntries(file.destinations ?? {}, (name, { type, ...options }): DestinationConfig => {
    const locate = (option: string | null): string =>
      text.locate(['destinations', name, ...(option === null ? [] : [option])]);
    const variableValues = variableValuesOf(name, inserted);
    return { name, type, options, variableValues, baseFolder, homeFolder: home, locate };
  });
  return { path, home, sources: mapEntries(file.sources ?? {}, sourceConfig), destinations };
}

/** What a single option cannot know: references between options. */
export function crossProblems(file: ConfigFile): readonly OptionProblem[] {
  const destinations = Object.keys(file.destinations ?? {});
  return Object.entries(file.sources ?? {}).flatMap(([name, source]) => [
    ...credentialProblems(source.credentials ?? {}, ['sources', name, 'credentials']),
    ...(destinations.includes(source.destination) ? [] : [unknownDestination(name, source, destinations)]),
    ...Object.entries(source.tables ?? {}).flatMap(([table, options]) => needlessOptions(name, table, options)),
  ]);
}

function unknownDestination(name: string, { destination }: SourceFile, known: readonly string[]): OptionProblem {
  const path = ['sources', name, 'destination'];
  const meant = suggestion(destination, known);
  if (meant !== null) return { path, message: `no destination "${destination}" (did you mean "${meant}"?)` };
  const fix = known.length === 0 ? `add it under destinations` : `known: ${known.join(', ')}`;
  return { path, message: `no destination "${destination}" (${fix})` };
}

function needlessOptions(source: string, table: string, options: TableFile): readonly OptionProblem[] {
  if (options.method === 'LOG_BASED') return [];
  return CHANGE_OPTIONS.filter((option) => options[option] !== undefined).map((option) => ({
    path: ['sources', source, 'tables', table, option],
    message:
      'means something only with method: LOG_BASED; a FULL_TABLE run replaces all rows, so there is no change to apply',
  }));
}

function sourceConfig(name: string, file: SourceFile): SourceConfig {
  const account = file.credentials?.account_id;
  return {
    name,
    connection: connectionOptions({ name, file }),
    accountId: account === undefined ? null : parseAccountId(account),
    destination: file.destination,
    readCapacity: file.read_capacity === undefined ? null : readCapacity(String(file.read_capacity).trim()),
    maxConcurrency: file.max_concurrency ?? DEFAULT_MAX_CONCURRENCY,
    pricePerMillionReadsUsd: file.price_per_million_reads ?? null,
    flushIntervalMs: parseDurationMs(String(file.flush_interval ?? '')) ?? DEFAULT_FLUSH_INTERVAL_MS,
    selectNewTables: file.select_new_tables ?? [],
    tables: mapEntries(file.tables ?? {}, tableConfig),
  };
}

function tableConfig(table: string, file: TableFile): TableConfig {
  return {
    table,
    method: file.method,
    projection: file.projection?.trim() || TABLE_DEFAULTS.projection,
    expressionAttributes: file.expression_attributes ?? TABLE_DEFAULTS.expressionAttributes,
    consistentRead: file.consistent_read ?? TABLE_DEFAULTS.consistentRead,
    stripGlobalTableAttributes: file.strip_global_table_attributes ?? TABLE_DEFAULTS.stripGlobalTableAttributes,
    deletes: file.deletes ?? TABLE_DEFAULTS.deletes,
    keepLastImage: file.keep_last_image ?? TABLE_DEFAULTS.keepLastImage,
    ttlDeletes: file.ttl_deletes ?? TABLE_DEFAULTS.ttlDeletes,
    // The schema has refused any other.
    onGap: file.on_gap === 'fail' ? 'fail' : TABLE_DEFAULTS.onGap,
  };
}

/** Of a text that `isReadCapacity` has accepted. */
export function readCapacity(written: string): ReadCapacity {
  return written.endsWith('%')
    ? { kind: 'share', share: Number(written.slice(0, -1)) / 100 }
    : { kind: 'units', unitsPerSecond: Number(written) };
}

function mapEntries<In, Out>(record: Readonly<Record<string, In>>, convert: (name: string, value: In) => Out) {
  return new Map(Object.entries(record).map(([name, value]): [string, Out] => [name, convert(name, value)]));
}
