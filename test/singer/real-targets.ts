import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDuckDb } from '../support/duckdb-live-rows.ts';
import type { FoundRow } from '../support/exact.ts';
import { canonicalJson, type ExactJson, parseExactJson, plainDecimal } from '../support/exact-json.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { installedSingerParts } from '../support/singer-parts.ts';

/** A target from PyPI, with a place of its own that it loads. */
export interface RealTarget {
  readonly command: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether rows of older versions are gone behind ACTIVATE_VERSION. */
  readonly activatesVersions: boolean;
  /** What it has loaded of a Singer stream, by the key of its table. */
  read(stream: string, key: readonly string[]): Promise<FoundRows>;
  stop(): Promise<void>;
}

/** Cells as text. */
export interface FoundRows {
  readonly present: readonly FoundRow[];
  /** Those that are marked as deleted. */
  readonly deleted: readonly FoundRow[];
}

export const REAL_TARGETS = { jsonl: openJsonl, postgres: openPostgres, duckdb: openDuckDb };
export type RealTargetName = keyof typeof REAL_TARGETS;

const SCHEMA = 'shop';

/** Lines in files: whoever reads them takes the last one of a key. */
async function openJsonl(folder: string): Promise<RealTarget> {
  const path = join(folder, 'lines');
  mkdirSync(path);
  return {
    command: installedSingerParts().jsonl,
    config: { destination_path: path, do_timestamp_file: false },
    activatesVersions: false,
    read: async (stream, key) => {
      const lines = readFileSync(join(path, `${stream}.jsonl`), 'utf8').split('\n');
      const rows = lines.filter((line) => line !== '').map(rowOf);
      return divided([...new Map(rows.map((row) => [JSON.stringify(key.map((name) => row[name])), row])).values()]);
    },
    stop: async () => {},
  };
}

async function openPostgres(): Promise<RealTarget> {
  const server: PostgresServer = await startPostgres();
  const { host, port, user, password, database } = server;
  return {
    command: installedSingerParts().postgres,
    config: { host, port, user, password, database, default_target_schema: SCHEMA, ssl_enable: false },
    activatesVersions: true,
    read: async (stream) =>
      divided((await server.query(`SELECT row_to_json(loaded) FROM ${SCHEMA}.${tableOf(stream)} loaded`)).map(rowOf)),
    stop: server.stop,
  };
}

async function openDuckDb(folder: string): Promise<RealTarget> {
  const path = join(folder, 'target.duckdb');
  return {
    command: installedSingerParts().duckdb,
    config: { path, default_target_schema: SCHEMA },
    activatesVersions: false,
    read: async (stream) => {
      const query = `SELECT CAST(to_json(loaded) AS VARCHAR) FROM ${SCHEMA}.${tableOf(stream)} loaded`;
      const rows = await withDuckDb(path, (ask) => ask(query));
      return divided(rows.map(([row]) => rowOf(String(row))));
    },
    stop: async () => {},
  };
}

/** What is before a hyphen is a schema to them. */
function tableOf(stream: string): string {
  return stream.replace(/^.*-/, '');
}

function divided(rows: readonly FoundRow[]): FoundRows {
  const isPresent = (row: FoundRow): boolean => (row['_sdc_deleted_at'] ?? null) === null;
  return { present: rows.filter(isPresent), deleted: rows.filter((row) => !isPresent(row)) };
}

/** Columns of a row that is given as JSON, in the form in which `compareExactly` wants them. */
function rowOf(line: string): FoundRow {
  const json = parseExactJson(line);
  if (json.kind !== 'object') throw new Error('A row is no object');
  return Object.fromEntries(json.members.map(([name, value]) => [name, cellOf(value)]));
}

function cellOf(value: ExactJson): string | null {
  if (value.kind === 'string') return value.text;
  if (value.kind === 'number') return plainDecimal(value.text);
  if (value.kind === 'literal') return value.text === 'null' ? null : value.text;
  return canonicalJson(value);
}
