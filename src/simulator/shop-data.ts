/** DynamoDB JSON, as it goes over the wire. */
type Value =
  | { S: string }
  | { N: string }
  | { B: string }
  | { BOOL: boolean }
  | { NULL: true }
  | { SS: string[] }
  | { NS: string[] }
  | { BS: string[] }
  | { L: Value[] }
  | { M: Record<string, Value> };
type Item = Record<string, Value>;

interface ShopTable {
  readonly name: string;
  /** Hash key, then range key where the table has one. */
  readonly key: readonly { readonly name: string; readonly type: 'S' | 'N' | 'B' }[];
  readonly itemCount: number;
  /** The same item for the same number, in every run. */
  readonly item: (number: number) => Item;
}

const CITIES = ['Lisbon', 'Kraków', 'Aarhus', 'São Paulo', '東京', 'Montréal', 'Reykjavík', 'Leeds'];
const PRODUCTS = ['desk lamp', 'oak chair', 'wool rug', 'teapot', 'notebook', 'bicycle bell', 'rain coat', 'jigsaw 🧩'];
const CHANNELS = ['web', 'ios', 'android', 'shop'];
const EVENT_TYPES = ['viewed', 'added to cart', 'paid', 'returned'];
const FIRST_DAY_MS = Date.UTC(2026, 0, 1);

/**
 * The shop of the demo: three tables with every DynamoDB type, nested values, 38-digit numbers and an attribute whose
 * type differs from item to item, as real tables have them.
 */
export const SHOP_TABLES: readonly ShopTable[] = [
  { name: 'customers', key: [{ name: 'customer_id', type: 'S' }], itemCount: 4_000, item: customer },
  {
    name: 'orders',
    key: [
      { name: 'customer_id', type: 'S' },
      { name: 'ordered_at', type: 'S' },
    ],
    itemCount: 20_000,
    item: order,
  },
  {
    name: 'events',
    key: [
      { name: 'session', type: 'B' },
      { name: 'sequence', type: 'N' },
    ],
    itemCount: 30_000,
    item: event,
  },
];

function customer(number: number): Item {
  const random = seeded(number, 1);
  const item: Item = {
    customer_id: { S: customerId(number) },
    name: { S: `Customer ${number}` },
    signedUpAt: { S: isoTime(random) },
    newsletter: { BOOL: random() < 0.4 },
    phone: random() < 0.3 ? { NULL: true } : { S: `+44 20 7946 ${String(number % 10_000).padStart(4, '0')}` },
    address: {
      M: {
        city: { S: pick(CITIES, random) },
        zip: { S: String(10_000 + Math.floor(random() * 89_999)) },
        geo: { M: { lat: { N: decimal(random, 90, 5) }, lon: { N: `-${decimal(random, 180, 5)}` } } },
      },
    },
    interests: { SS: [...new Set([pick(PRODUCTS, random), pick(PRODUCTS, random)])] },
    // Years of schema drift in one attribute: points as a number, a tier as text.
    loyalty: number % 7 === 0 ? { S: pick(['gold', 'silver'], random) } : { N: String(Math.floor(random() * 5000)) },
  };
  if (number % 50 === 0) item['vat_id'] = { S: `GB${100_000_000 + number}` };
  return item;
}

function order(number: number): Item {
  const random = seeded(number, 2);
  const lines = Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
    M: {
      product: { S: pick(PRODUCTS, random) },
      quantity: { N: String(1 + Math.floor(random() * 5)) },
      price: { N: decimal(random, 300, 2) },
    },
  }));
  const item: Item = {
    customer_id: { S: customerId(Math.floor(random() * 4_000)) },
    ordered_at: { S: isoTime(random, number) },
    channel: { S: pick(CHANNELS, random) },
    total: { N: decimal(random, 900, 2) },
    paid: { BOOL: random() < 0.9 },
    lines: { L: lines },
    // More digits than any double or 64-bit integer holds.
    ledger_number: { N: `${10 ** 9 + number}`.padEnd(38, '7') },
  };
  if (number % 20 === 0) item['signature'] = { B: base64(`order ${number} signed`) };
  if (number % 33 === 0) item['coupon_ids'] = { NS: ['7', String(number), '10.5'] };
  return item;
}

function event(number: number): Item {
  const random = seeded(number, 3);
  return {
    session: { B: base64(`session ${Math.floor(number / 12)}`) },
    sequence: { N: String(number % 12) },
    type: { S: pick(EVENT_TYPES, random) },
    at: { N: String(FIRST_DAY_MS + number * 1000) },
    score: { N: decimal(random, 1, 12) },
    page: { M: { path: { S: `/products/${number % 500}` }, 'utm.source': { S: pick(CHANNELS, random) } } },
    fingerprints: { BS: [base64(`a${number}`), base64(`b${number}`)] },
  };
}

function customerId(number: number): string {
  return `C${String(number).padStart(6, '0')}`;
}

/** A time in 2026; with `unique` given, no two numbers share one. */
function isoTime(random: () => number, unique = 0): string {
  return new Date(FIRST_DAY_MS + Math.floor(random() * 300) * 86_400_000 + (unique % 86_400_000)).toISOString();
}

function decimal(random: () => number, below: number, places: number): string {
  // DynamoDB stores numbers without trailing zeros.
  return String(Number((random() * below).toFixed(places)));
}

function pick<T>(list: readonly T[], random: () => number): T {
  const chosen = list[Math.floor(random() * list.length)];
  if (chosen === undefined) throw new Error('Nothing to choose from');
  return chosen;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** mulberry32: small, fast, and the same everywhere. */
function seeded(number: number, table: number): () => number {
  let state = (Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(table, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
