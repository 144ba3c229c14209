import type { RunRecord } from '../../src/model/run.ts';
import type { DynamoItem, DynamoValue } from './dynamo-item.ts';

/** An ordinary item of a table with the key `id`. */
export function order(n: number): DynamoItem {
  return { id: { S: `k${n}` }, total: { N: `${n}.5` }, status: { S: 'PAID' } };
}

/** Attributes by entries, so that `__proto__` is a name like any other. */
export function item(id: string, attributes: readonly (readonly [string, DynamoValue])[]): DynamoItem {
  return Object.fromEntries([['id', { S: id }], ...attributes]);
}

/** A run of the source `shop` that has not ended. */
export function run(runId: string, startedAtMs: number): RunRecord {
  const phase = { exitStatus: 0, message: null };
  const failed = { code: 'THROTTLED', message: 'Slow', hint: 'Wait' };
  const counts = {
    rowsRead: 1,
    rowsLoaded: 1,
    rowsRejected: 0,
    changesRead: 2,
    rowsDeleted: 1,
    bytesRead: 2 ** 40,
    capacityUnits: 0.5,
    throttleCount: 0,
  };
  const table = { table: 'orders', ...counts, scanCalls: 1, durationMs: 5, version: 1, liveRows: 7 };
  return {
    runId,
    source: 'shop',
    startedAtMs,
    endedAtMs: null,
    discovery: phase,
    extraction: phase,
    load: { exitStatus: null, message: null },
    tables: [
      { ...table, outcome: 'succeeded', error: null },
      { ...table, table: 'events', outcome: 'failed', version: null, liveRows: null, error: failed },
    ],
  };
}

/** One item and more for every type of attribute, with the values that break loaders. */
export const ALL_TYPES: readonly DynamoItem[] = [
  { id: { S: 'scalars' }, s: { S: 'text "q" \\ \n\t é😀' }, n: { N: '123.45' }, b: { B: 'AP8A' }, t: { BOOL: true } },
  { id: { S: 'empty' }, s: { S: '' }, n: { N: '0' }, b: { B: '' }, t: { BOOL: false }, l: { L: [] }, m: { M: {} } },
  { id: { S: 'nothing' }, s: { NULL: true }, n: { NULL: true }, m: { NULL: true }, only_null: { NULL: true } },
  { id: { S: 'exact' }, n: { N: '-0.01' }, exact: { N: '12345678901234567890.123456789012345678' } },
  { id: { S: 'huge' }, huge: { N: `1${'0'.repeat(125)}` }, tiny: { N: `0.${'0'.repeat(129)}1` } },
  { id: { S: 'both' }, both: { N: `1${'0'.repeat(125)}` } },
  { id: { S: 'beyond' }, both: { N: '99999999999999999999999999999999999999' } },
  {
    id: { S: 'containers' },
    l: { L: [{ S: 'x' }, { N: '1.10' }, { BOOL: false }, { NULL: true }, { B: 'AP8=' }, { L: [{ M: {} }] }] },
    m: { M: { 'a b': { N: '12345678901234567890123456789012345678' }, deep: { M: { '': { S: 'y' } } } } },
    ss: { SS: ['z', 'a', '😀', '\uffff'] },
    ns: { NS: ['10', '9', '-1.5'] },
    bs: { BS: ['/w==', 'AA=='] },
  },
  { id: { S: 'long' }, s: { S: 'x'.repeat(390_000) }, l: { L: [{ S: 'y'.repeat(9_000) }] } },
];

/** Attributes of one item after the other; several columns change type on the way. */
export const EVOLUTION: readonly DynamoItem[] = [
  { grows: { N: '1' }, toText: { N: '7' }, flag: { BOOL: true }, text: { S: 'plain' }, json: { M: { a: { N: '1' } } } },
  { grows: { N: '9223372036854775807' }, toText: { N: '0.5' }, blob: { B: 'AP8=' }, later: { NULL: true } },
  { grows: { N: '-1.5' }, toText: { N: '1E+20' }, flag: { BOOL: false }, text: { L: [{ N: '1' }] } },
  { grows: { N: '0.123456' }, toText: { S: 'n/a' }, json: { S: 'text' }, big: { N: '9223372036854775808' } },
  { grows: { N: '12345678901234567890.5' }, flag: { S: 'maybe' }, json: { N: '1.50' }, blob: { S: 'text' } },
  { toText: { M: { x: { BOOL: true } } }, later: { N: '3' }, big: { N: '0.1' }, json: { BOOL: true } },
  { big: { N: `1${'0'.repeat(60)}` }, text: { SS: ['b', 'a'] }, flag: { N: '1' }, blob: { M: { z: { NULL: true } } } },
  { big: { N: '0.5' }, later: { N: '0.25' }, grows: { N: '1' }, json: { B: 'AP8=' } },
  { big: { N: '12345678901234567890123456789012345678' }, later: { S: 'end' }, toText: { N: '100' } },
  { grows: { N: `0.${'0'.repeat(60)}1` }, text: { BOOL: false }, flag: { NULL: true } },
  { grows: { N: '12345678901234567891' }, text: { NULL: true }, json: { NULL: true }, blob: { B: '' } },
];

export const ODD_NAMES: readonly string[] = [
  'a.b',
  'a b',
  'a_b',
  'camelCase',
  'camel_case',
  'CAMELCASE',
  'SELECT',
  'select',
  '__proto__',
  'constructor',
  'rowid',
  'xmin',
  '_sdc_sequence',
  '_SDC_sequence',
  '_sdc_deleted_at',
  'attr_sdc_sequence',
  '_tributary_state',
  'ключ',
  '😀',
  '9lives',
  'quote"quote',
  "it's",
  'back\\slash',
  'line\nbreak',
  '.',
  'x'.repeat(300),
  `${'x'.repeat(299)}y`,
];
