import { createHash } from 'node:crypto';
import type { TableRef } from '../model/table.ts';
import { TributaryError } from '../platform/errors.ts';

/** PostgreSQL's NAMEDATALEN - 1. It holds on every destination, so that names are the same everywhere. */
const IDENTIFIER_MAX_BYTES = 63;
const HASH_LETTERS = 8;

/** Names of hidden columns: PostgreSQL refuses them, DuckDB lets them hide its own `rowid`. */
const SYSTEM_COLUMNS = new Set(['oid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax', 'ctid', 'rowid']);

/** What a source's display name must turn into to be a schema on every destination. */
const SCHEMA_NAME = /^[a-z_][a-z0-9_$]*$/;
const SCHEMA_NAME_MAX_LETTERS = 49;

/**
 * The column name of an attribute: `orderTotal` is `order_total`, `a.b` is `a_b`. It is lower case, at most 63 bytes long
 * and none of `taken` (lower case names of the same table): of two attributes that want one name, the later gets a hash
 * suffix. Depends on nothing else, but names move when the order of appearance does, so they are stored once given.
 */
export function columnName(attribute: string, taken: ReadonlySet<string>): string {
  const name = identifier(attribute, 'col');
  const reserved = SYSTEM_COLUMNS.has(name) || name.startsWith('_sdc_') || name.startsWith('_tributary');
  return untaken(reserved ? shortened(`attr_${name.replace(/^_/, '')}`, attribute) : name, attribute, taken);
}

/** The destination table of a table or a view: `orders/by-customer` is `orders__by_customer`. `taken` as for columns. */
export function destinationTableName({ table, index }: TableRef, taken: ReadonlySet<string> = new Set()): string {
  const source = index === null ? table : `${table}/${index}`;
  const base = identifier(table, 'table');
  const name = index === null ? base : shortened(`${base}__${identifier(index, 'index')}`, source);
  const reserved = name.startsWith('_tributary');
  return untaken(reserved ? shortened(`table_${name.replace(/^_/, '')}`, source) : name, source, taken);
}

/**
 * The destination schema of a source, by the rule of Stitch: lower case, spaces to `_`, other symbols dropped. Rejects a
 * display name that leaves nothing, begins with a digit or `$`, or is longer than 49 characters with CONFIG_INVALID.
 */
export function sourceSchemaName(displayName: string): string {
  const name = displayName
    .toLowerCase()
    .replace(/\s/g, '_')
    .replace(/[^a-z0-9_$]/g, '');
  if (SCHEMA_NAME.test(name) && name.length <= SCHEMA_NAME_MAX_LETTERS) return name;
  throw new TributaryError('CONFIG_INVALID', `The source name "${displayName}" cannot name a schema: ${flaw(name)}`, {
    hint: 'Choose a name of letters, digits and spaces that begins with a letter and has fewer than 50 characters.',
    context: { source: displayName },
  });
}

function flaw(name: string): string {
  if (name === '') return 'it has no letter from a to z';
  if (!SCHEMA_NAME.test(name)) return `"${name}" begins with neither a letter nor an underscore`;
  return `"${name}" has ${name.length} characters`;
}

/** A lower case name of letters, digits and `_` that needs no quotes in most dialects; `prefix` where nothing is left. */
function identifier(source: string, prefix: string): string {
  const words = source
    .normalize('NFKC')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^\p{L}\p{M}\p{N}_]+/gu, '_')
    .toLowerCase();
  if (/^_*$/.test(words)) return `${prefix}_${hash(source)}`;
  return shortened(/^\p{N}/u.test(words) ? `_${words}` : words, source);
}

function untaken(name: string, source: string, taken: ReadonlySet<string>): string {
  let candidate = name;
  for (let attempt = 0; taken.has(candidate); attempt += 1) {
    // The hash of the source alone can be taken too: by an attribute that is spelt like the suffixed name.
    candidate = withTail(name, hash(attempt === 0 ? source : `${source}#${attempt}`));
  }
  return candidate;
}

function shortened(name: string, source: string): string {
  return Buffer.byteLength(name) <= IDENTIFIER_MAX_BYTES ? name : withTail(name, hash(source));
}

/** `name`, cut between characters where needed, with `_<tail>` behind it. */
function withTail(name: string, tail: string): string {
  const roomBytes = IDENTIFIER_MAX_BYTES - 1 - HASH_LETTERS;
  let usedBytes = 0;
  let head = '';
  for (const character of name) {
    usedBytes += Buffer.byteLength(character);
    if (usedBytes > roomBytes) break;
    head += character;
  }
  return `${head}_${tail}`;
}

function hash(source: string): string {
  return createHash('sha1').update(source).digest('hex').slice(0, HASH_LETTERS);
}
