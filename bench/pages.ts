/** A Scan answer to replay; always the same bytes. */
export interface CannedPage {
  readonly name: string;
  readonly keyAttributes: readonly string[];
  readonly itemCount: number;
  readonly body: Buffer;
}

/**
 * The shapes that the transcoder is measured on, each about 1 MB as DynamoDB sends it: no white space, UTF-8 unescaped. The
 * long form adds texts of kilobytes, which say little about decoding: JSON.parse copies them as fast as memory goes.
 */
export function cannedPages({ long }: { readonly long: boolean }): readonly CannedPage[] {
  return [
    cannedPage('mixed', mixedItem),
    cannedPage('wide-flat', wideItem),
    cannedPage('deep-numbers', deepItem),
    ...(long ? [cannedPage('long-texts', longTextItem)] : []),
  ];
}

type Value = Readonly<Record<string, unknown>>;
type Item = Readonly<Record<string, Value>>;
type Random = (below: number) => number;

const PAGE_BYTES = 1_000_000;

function cannedPage(name: string, itemAt: (random: Random, index: number) => Item): CannedPage {
  const random = createRandom(12_345);
  const items: string[] = [];
  for (let bytes = 0; bytes < PAGE_BYTES; ) {
    const item = JSON.stringify(itemAt(random, items.length));
    items.push(item);
    bytes += Buffer.byteLength(item) + 1;
  }
  const last = '{"pk":{"S":"last"},"sk":{"S":"last"}}';
  const capacity = '{"TableName":"orders","CapacityUnits":128.5}';
  const body = `{"ConsumedCapacity":${capacity},"Count":${items.length},"Items":[${items.join(',')}],"LastEvaluatedKey":${last},"ScannedCount":${items.length}}`;
  return { name, keyAttributes: ['pk', 'sk'], itemCount: items.length, body: Buffer.from(body) };
}

/** An order of a shop, about 500 B: every type, some nesting, texts with escapes and non-ASCII words. */
function mixedItem(random: Random, index: number): Item {
  return {
    pk: S(`CUST#${hex(random, 8)}`),
    sk: S(`2026-0${1 + random(9)}-1${random(9)}T0${random(9)}:00:00.${100 + random(900)}Z`),
    total: N(random(10_000_000) / 100),
    quantity: N(random(100)),
    version: N(1_700_000_000_000 + random(1_000_000_000)),
    active: { BOOL: random(2) === 0 },
    ...(random(10) < 3 ? { deleted: { NULL: true } } : {}),
    description: S(words(random, 11)),
    address: M({
      street: S(words(random, 2)),
      zip: S(String(10_000 + random(89_999))),
      geo: M({ lat: N(random(1_800_000) / 10_000), lon: N(-random(1_800_000) / 10_000) }),
    }),
    lines: { L: [M({ sku: S(hex(random, 8)), n: N(1 + random(9)) }), S(words(random, 1))] },
    tags: { SS: [hex(random, 4), hex(random, 6)] },
    ...(index % 100 === 0 ? { big: { N: `1234567890123456789012345678901234567${random(10)}` } } : {}),
    ...(index % 50 === 0
      ? { bytes: { B: Buffer.from(hex(random, 16)).toString('base64') }, set: { NS: ['1', '2.5', '-3'] } }
      : {}),
  };
}

/** A hundred short attributes, no nesting: the shape of a wide fact table. */
function wideItem(random: Random): Item {
  const columns = Array.from({ length: 98 }, (_, n): [string, Value] => {
    const name = `metric_${n}_${['value', 'code', 'flag', 'count'][n % 4]}`;
    if (n % 4 === 0) return [name, N(random(100_000_000) / 1000)];
    if (n % 4 === 1) return [name, S(hex(random, 6))];
    return [name, n % 4 === 2 ? { BOOL: random(2) === 0 } : N(random(1_000_000))];
  });
  return { pk: S(hex(random, 12)), sk: N(random(1_000_000)), ...Object.fromEntries(columns) };
}

/** Sensor readings: lists of maps of numbers, most of them with 15 to 17 digits as doubles print them. */
function deepItem(random: Random): Item {
  const reading = (): Value =>
    M({
      at: N(1_700_000_000_000 + random(1_000_000_000)),
      position: { L: [N(random(2 ** 31) / 2 ** 31), N(-random(2 ** 31) / 12_345_678), N(random(9000))] },
      state: M({ load: N(random(1000) / 10), limits: M({ low: N(-random(50)), high: N(random(2 ** 31) / 7) }) }),
    });
  return {
    pk: S(hex(random, 8)),
    sk: N(random(1_000_000_000)),
    mean: N(random(2 ** 31) / 2 ** 31),
    readings: { L: Array.from({ length: 8 }, reading) },
    histogram: { NS: Array.from({ length: 12 }, (_, n) => String(n * 1000 + random(1000))) },
  };
}

/** Documents: a few texts of some kilobytes each, in part not ASCII. */
function longTextItem(random: Random): Item {
  return {
    pk: S(hex(random, 12)),
    sk: S('v0'),
    title: S(words(random, 8)),
    text: S(words(random, 400)),
    html: S(words(random, 300)),
  };
}

const WORDS =
  'order shipped pending řeřicha customer invoice retail élan 東京 note: "quoted" path\\dir line\nbreak alpha beta gamma delta warehouse priority gift return'.split(
    ' ',
  );

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => WORDS[random(WORDS.length)]).join(' ');
}

function hex(random: Random, length: number): string {
  return Array.from({ length }, () => random(16).toString(16)).join('');
}

function S(text: string): Value {
  return { S: text };
}

function N(number: number): Value {
  return { N: String(number) };
}

function M(members: Item): Value {
  return { M: members };
}

function createRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x7fffffff) * below) % below;
  };
}
