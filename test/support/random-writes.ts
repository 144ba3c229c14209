import { createRandom } from '../histories/random.ts';
import type { DynamoItem, DynamoValue } from './dynamo-item.ts';

/** The key of the tables that get random writes. */
export const WRITTEN_KEY = {
  KeySchema: [
    { AttributeName: 'tenant', KeyType: 'HASH' },
    { AttributeName: 'number', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'tenant', AttributeType: 'S' },
    { AttributeName: 'number', AttributeType: 'N' },
  ],
} as const;

export type RandomWrite =
  | { readonly kind: 'put'; readonly key: DynamoItem; readonly item: DynamoItem }
  | {
      readonly kind: 'update';
      readonly key: DynamoItem;
      readonly set: DynamoItem;
      readonly remove: readonly string[];
    }
  | { readonly kind: 'delete'; readonly key: DynamoItem };

export interface RandomWrites {
  next(): RandomWrite;
  /** Every key that ever had an item, by its text. */
  readonly keys: ReadonlyMap<string, DynamoItem>;
}

const TENANTS = 7;
/** One write in eight goes to one of these keys, so that a commit has many versions of one. */
const HOT_KEYS = 12;
/** A new attribute begins after so many writes; it holds whole numbers at first, then fractions, then text. */
const WRITES_PER_ATTRIBUTE = 6_000;

/**
 * Puts, updates that set and remove attributes and change their types, deletes, and puts of what was deleted, over
 * `keyCount` keys: the same for the same seed.
 */
export function randomWrites({ seed, keyCount }: { readonly seed: number; readonly keyCount: number }): RandomWrites {
  const random = createRandom(seed);
  const below = (bound: number): number => random.integer(0, bound - 1);
  const keys = new Map<string, DynamoItem>();
  let writes = 0;

  const anyKey = (): DynamoItem => {
    const number = below(8) === 0 ? below(Math.min(HOT_KEYS, keyCount)) : below(keyCount);
    return { tenant: { S: `tenant ${number % TENANTS} ü` }, number: { N: String(number) } };
  };
  const newest = (): DynamoItem => {
    const age = writes % WRITES_PER_ATTRIBUTE;
    const value =
      age < WRITES_PER_ATTRIBUTE / 3
        ? { N: String(age) }
        : age < (2 * WRITES_PER_ATTRIBUTE) / 3
          ? { N: `${age}.${10 + (age % 80)}` }
          : { S: `text ${age}` };
    return { [`since_${Math.floor(writes / WRITES_PER_ATTRIBUTE)}`]: value };
  };
  const attributes = (): DynamoItem => ({
    written: { N: String(writes) },
    ...(below(3) === 0 ? newest() : {}),
    ...Object.fromEntries(
      Object.entries(ATTRIBUTES)
        .filter(() => below(3) > 0)
        .map(([name, value]) => [name, value(writes, below)]),
    ),
  });

  return {
    keys,
    next() {
      writes += 1;
      const key = anyKey();
      const dice = below(10);
      if (dice < 2) return { kind: 'delete', key };
      keys.set(JSON.stringify(key), key);
      if (dice < 6) return { kind: 'put', key, item: { ...key, ...attributes() } };
      const set = attributes();
      const removable = Object.keys(ATTRIBUTES).filter((name) => !(name in set));
      return { kind: 'update', key, set, remove: removable.filter(() => below(2) === 0) };
    },
  };
}

type Below = (bound: number) => number;

/** Every type; `mixed` has another one each time. */
const ATTRIBUTES: Readonly<Record<string, (write: number, below: Below) => DynamoValue>> = {
  text: (write) => ({ S: `text ${write} – "quoted" \\ ${String.fromCodePoint(0x1f300 + (write % 200))}\n\u0000` }),
  // Makes tables of some thousand items larger than a page of a Scan.
  note: (write) => ({ S: `${write} left at the front desk of the building `.repeat(8) }),
  decimal: (write) => ({ N: `${write % 1000}.${10 + (write % 89)}` }),
  long: (write) => ({ N: `1234567890123456789012345678901234${1000 + (write % 9000)}` }),
  binary: (write) => ({ B: base64([write & 255, (write >> 8) & 255, 0, 255]) }),
  flag: (write) => ({ BOOL: write % 2 === 0 }),
  nothing: () => ({ NULL: true }),
  list: (write) => ({ L: [{ N: '1.10' }, { S: `x${write}` }, { L: [] }, { M: {} }, { NULL: true }] }),
  map: (write) => ({
    M: { 'a.b': { N: '1e-7' }, ['__proto__']: { S: 'kept' }, deep: { M: { d: { N: `${write}` } } } },
  }),
  texts: (write) => ({ SS: ['b', 'a', `t${write}`] }),
  numbers: (write) => ({ NS: ['10', '9', '-1.5', `${write}.75`] }),
  binaries: (write) => ({ BS: ['AQ==', base64([write & 255, 1])] }),
  'a.b': (write) => ({ S: `dotted ${write}` }),
  mixed: (write, below) =>
    [
      { N: String(write) },
      { S: `odd ${write}` },
      { BOOL: true },
      { L: [{ N: String(write) }] },
      { NULL: true as const },
    ][below(5)] ?? { B: 'AA==' },
};

function base64(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('base64');
}
