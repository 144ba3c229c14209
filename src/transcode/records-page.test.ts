import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { styleArbitrary } from '../../test/support/item-arbitrary.ts';
import { observedByName } from '../../test/support/observe-items.ts';
import { assertItem, canonicalLine, Members, membersOf, parseKeepingOrder } from '../../test/support/oracle.ts';
import { pathsApart, placesOf, projectItem } from '../../test/support/project-item.ts';
import { recordsArbitrary, type SampleRecord, writeRecordsPage } from '../../test/support/record-arbitrary.ts';
import { ChangeKind } from '../model/change.ts';
import type { DocumentPath, ParsedProjection } from '../model/projection.ts';
import type { TapePage } from '../model/tape.ts';
import { TributaryError } from '../platform/errors.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { jsonLinesOf } from './json-lines.ts';
import { type RecordsOptions, type RecordsPage, recordsAfter, transcodeRecordsPage } from './records-page.ts';

type Choices = Partial<RecordsOptions>;

function read(text: string | Buffer, choices: Choices = {}): RecordsPage {
  return transcodeRecordsPage(Buffer.from(text), {
    names: createAttributeDictionary(['pk']),
    projection: null,
    deletedImage: 'key',
    ttlDeletes: 'replicate',
    ...choices,
  });
}

function errorOf(text: string | Buffer, choices: Choices = {}): TributaryError {
  try {
    read(text, choices);
  } catch (error) {
    if (error instanceof TributaryError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function projectionOf(paths: readonly DocumentPath[]): ParsedProjection {
  return { expression: 'not looked at', attributeNames: {}, paths };
}

const choicesArbitrary = fc.record({
  deletedImage: fc.constantFrom('key', 'old'),
  ttlDeletes: fc.constantFrom('replicate', 'ignore', 'flag'),
});

/** What the oracle expects of records: the items of the rows and all that is beside them. */
function expected(
  records: readonly SampleRecord[],
  choices: Omit<RecordsOptions, 'names'>,
): { items: Members[]; rest: unknown } {
  const { deletedImage, ttlDeletes, projection } = choices;
  const paths = projection?.paths;
  const kept = records.filter(({ isTtl }) => !isTtl || ttlDeletes !== 'ignore');
  const items = kept.map(({ newImage, oldImage, keys }) => {
    const image = newImage ?? (deletedImage === 'old' ? oldImage : null);
    if (image === null) return keys;
    return paths === undefined ? image : projectItem(image, paths);
  });
  const kindOf = ({ eventName, isTtl }: SampleRecord): number => {
    if (eventName !== 'REMOVE') return ChangeKind.upsert;
    return isTtl && ttlDeletes === 'flag' ? ChangeKind.ttlDelete : ChangeKind.delete;
  };
  const msOf = ({ createdAtSeconds }: SampleRecord): number => Math.round(createdAtSeconds * 1000);
  const last = records.at(-1);
  const rest = {
    kinds: kept.map(kindOf),
    sequenceNumbers: kept.map(({ sequenceNumber }) => sequenceNumber),
    createdAtMs: kept.map(msOf),
    recordCount: records.length,
    lastSequenceNumber: last?.sequenceNumber ?? null,
    lastCreatedAtMs: last === undefined ? null : msOf(last),
  };
  return { items, rest };
}

function restOf(records: RecordsPage): unknown {
  const { changes, recordCount, lastSequenceNumber, lastCreatedAtMs } = records;
  return {
    kinds: [...changes.kinds],
    sequenceNumbers: changes.sequenceNumbers,
    createdAtMs: [...changes.createdAtMs],
    recordCount,
    lastSequenceNumber,
    lastCreatedAtMs,
  };
}

function linesOf(items: readonly Members[]): string {
  return items.map((item) => `${canonicalLine(item)}\n`).join('');
}

function expectPage(page: TapePage, items: readonly Members[]): void {
  expect(jsonLinesOf(page).toString()).toBe(linesOf(items));
  const observed = page.observed.flatMap((seen, id) => (seen === undefined ? [] : [[page.attributes.name(id), seen]]));
  expect(new Map(observed as [])).toEqual(observedByName(items));
}

describe('a page of records', () => {
  test('has the rows, types and changes that the oracle gives, however the answer is written', () => {
    fc.assert(
      fc.property(recordsArbitrary, choicesArbitrary, styleArbitrary, (records, some, style) => {
        const choices = { ...some, projection: null };
        const result = read(writeRecordsPage({ records, nextShardIterator: 'next' }, style), choices);
        const { items, rest } = expected(records, choices);
        expectPage(result.page, items);
        expect(restOf(result)).toEqual(rest);
        expect(result.nextShardIterator).toBe('next');
      }),
      { numRuns: 400, seed: 8 },
    );
  });

  test('has of every image what a projection by its definition leaves', () => {
    const picks = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 5 }), fc.nat({ max: 3 })), { maxLength: 6 });
    let partial = 0;
    fc.assert(
      fc.property(recordsArbitrary, picks, choicesArbitrary, styleArbitrary, (records, chosen, some, style) => {
        const paths = pathsApart([[{ attribute: 'pk' }], ...chosen.flatMap((pick) => pathTo(records, pick))]);
        const choices = { ...some, projection: projectionOf(paths) };
        const names = createAttributeDictionary(['pk']);
        const body = Buffer.from(writeRecordsPage({ records, nextShardIterator: null }, style));
        const { page } = transcodeRecordsPage(body, { ...choices, names });
        const { items } = expected(records, choices);
        expectPage(page, items);
        const known = new Set(['pk', ...items.flatMap((item) => membersOf(item).map(([name]) => name))]);
        expect(names.size).toBe(known.size);
        if (paths.some((path) => path.length > 1)) partial++;
      }),
      { numRuns: 600, seed: 9 },
    );
    expect(partial).toBeGreaterThan(200);
  });

  test('is refused for every cut of the answer', () => {
    fc.assert(
      fc.property(recordsArbitrary, choicesArbitrary, styleArbitrary, fc.nat(), (records, choices, style, cut) => {
        const body = Buffer.from(
          writeRecordsPage({ records, nextShardIterator: 'next' }, { ...style, spaces: 'none' }),
        );
        expect(errorOf(body.subarray(0, cut % body.length), choices).code).toBe('ANSWER_CORRUPT');
      }),
      { numRuns: 400, seed: 10 },
    );
    const body = Buffer.from(answerWith(record({ eventName: 'MODIFY', change: { OldImage: ITEM, SizeBytes: 12 } })));
    for (let length = 0; length < body.length; length++) {
      expect(errorOf(body.subarray(0, length)).code).toBe('ANSWER_CORRUPT');
    }
  });

  test('with altered bytes is refused or read as a strict JSON parser reads it', () => {
    const bytes = Buffer.from('{}[]:,"\\SNBMLOUtrue0129-+.eE/=u \x00\x1f\x7f\x80\xc3\xff', 'latin1');
    const change = fc.record({ at: fc.nat(), isInsert: fc.boolean(), byte: fc.nat({ max: bytes.length - 1 }) });
    const changesArbitrary = fc.array(change, { minLength: 1, maxLength: 2 });
    let accepted = 0;
    fc.assert(
      fc.property(recordsArbitrary, styleArbitrary, changesArbitrary, (records, style, changes) => {
        let body = Buffer.from(writeRecordsPage({ records, nextShardIterator: 'next' }, style));
        for (const { at, isInsert, byte } of changes) {
          const i = at % body.length;
          body = Buffer.concat([
            body.subarray(0, i),
            bytes.subarray(byte, byte + 1),
            body.subarray(isInsert ? i : i + 1),
          ]);
        }
        const mine = linesOrNull(body);
        if (mine === null) return;
        accepted++;
        expect(mine).toBe(strictLines(body));
      }),
      { numRuns: 700, seed: 12 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

/** A path that leads somewhere in an image, or `turn` of them beside it. */
function pathTo(records: readonly SampleRecord[], [pick, turn, index]: [number, number, number]): DocumentPath[] {
  const places = records.flatMap(({ newImage, oldImage }) => placesOf(newImage ?? oldImage ?? new Members([])));
  const place = places[pick % Math.max(1, places.length)];
  if (place === undefined) return [];
  if (turn === 0) return [[...place, { index }]];
  return turn === 1 ? [[...place, { attribute: 'nope' }]] : [place];
}

function linesOrNull(body: Buffer): string | null {
  try {
    return jsonLinesOf(read(body).page).toString();
  } catch (error) {
    if (error instanceof TributaryError && /^(ANSWER_CORRUPT|ITEM_MALFORMED|STREAM_VIEW_TYPE)$/.test(error.code)) {
      return null;
    }
    throw error;
  }
}

/** The rows of an answer by a strict JSON parser. */
function strictLines(body: Buffer): string {
  const answer = parseKeepingOrder(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  const records = new Map(membersOf(answer)).get('Records') as Members[];
  const items = records.map((one) => {
    const members = new Map(membersOf(one));
    const change = new Map(membersOf(members.get('dynamodb')));
    return change.get(members.get('eventName') === 'REMOVE' ? 'Keys' : 'NewImage') as Members;
  });
  for (const item of items) assertItem(item);
  return linesOf(items);
}

const ITEM = { pk: { S: 'a' }, n: { N: '1' } };

interface RecordParts {
  readonly eventName: string;
  readonly change?: object;
  readonly userIdentity?: unknown;
}

/** A record with what `change` says in place of the usual; undefined removes a member. */
function record({ eventName, change = {}, ...others }: RecordParts): object {
  const image = eventName === 'REMOVE' ? {} : { NewImage: ITEM };
  return {
    eventName,
    dynamodb: {
      ApproximateCreationDateTime: 1.5e9,
      Keys: { pk: { S: 'a' } },
      ...image,
      SequenceNumber: '7',
      ...change,
    },
    ...others,
  };
}

function answerWith(...records: object[]): string {
  return JSON.stringify({ Records: records, NextShardIterator: 'next' });
}

describe('the envelope of a GetRecords answer', () => {
  test.each([
    ['{"Records":[]}', null],
    ['{"Records":[],"NextShardIterator":null}', null],
    [' { "NextShardIterator" : "a\\u0062" , "Records" : [ ] } ', 'ab'],
  ])('may be %s', (text, nextShardIterator) => {
    const result = read(text);
    expect([result.page.rowCount, [...result.page.rowStarts], result.lastSequenceNumber]).toEqual([0, [0], null]);
    expect(result.nextShardIterator).toBe(nextShardIterator);
  });

  test.each([
    ['an empty body', ''],
    ['no Records', '{"NextShardIterator":"x"}'],
    ['bytes behind the end', '{"Records":[]}{}'],
    ['an iterator that is no text', '{"Records":[],"NextShardIterator":1}'],
    ['an empty iterator', '{"Records":[],"NextShardIterator":""}'],
    ['bytes that are no UTF-8', Buffer.from('{"Records":[],"x":"\xff"}', 'latin1')],
    ['a control character in a text that nobody reads', answerWith({ eventID: 'a' }).replace('"a"', '"\u0001"')],
    ['no JSON in a value that nobody reads', '{"Records":[{"a":[1,}],"NextShardIterator":"x"}'],
    ['numbers that do not rise', answerWith(record({ eventName: 'INSERT' }), record({ eventName: 'INSERT' }))],
  ])('is refused as corrupt with %s', (_, text) => {
    expect(errorOf(text).code).toBe('ANSWER_CORRUPT');
  });

  test.each([
    ['Records that are no list', '{"Records":{}}'],
    ['a record that is no object', '{"Records":[1]}'],
    ['an unknown event', answerWith(record({ eventName: 'UPSERT' }))],
    ['no event', answerWith({ dynamodb: {} })],
    ['no change', answerWith({ eventName: 'INSERT' })],
    ['no number', answerWith(record({ eventName: 'INSERT', change: { SequenceNumber: undefined } }))],
    ['a number of letters', answerWith(record({ eventName: 'INSERT', change: { SequenceNumber: '1a' } }))],
    ['a number of 41 digits', answerWith(record({ eventName: 'INSERT', change: { SequenceNumber: '1'.repeat(41) } }))],
    ['no time', answerWith(record({ eventName: 'INSERT', change: { ApproximateCreationDateTime: null } }))],
    ['a time that is text', answerWith(record({ eventName: 'INSERT', change: { ApproximateCreationDateTime: '1' } }))],
    ['a time that no Date holds', answerWith(record({ eventName: 'INSERT' })).replace('1500000000', '1e999')],
    ['a delete without key', answerWith(record({ eventName: 'REMOVE', change: { Keys: undefined } }))],
    ['a delete with a new image', answerWith(record({ eventName: 'REMOVE', change: { NewImage: ITEM } }))],
    [
      'a member twice',
      answerWith(record({ eventName: 'INSERT' })).replace('{"eventName"', '{"dynamodb":{},"eventName"'),
    ],
    ['a bad value in an image', answerWith(record({ eventName: 'INSERT', change: { NewImage: { a: { N: 'x' } } } }))],
    [
      'a bad value in an unused image',
      answerWith(record({ eventName: 'INSERT', change: { OldImage: { a: { X: 1 } } } })),
    ],
  ])('is refused as malformed with %s', (_, text) => {
    expect(errorOf(text).code).toBe('ITEM_MALFORMED');
  });

  test('takes members that are null as missing, and numbers as integers of any length', () => {
    const second = record({
      eventName: 'REMOVE',
      change: { OldImage: null, SequenceNumber: '10' },
      userIdentity: null,
    });
    const third = record({
      eventName: 'MODIFY',
      change: { SequenceNumber: '0000000000000000000000000000000000000011' },
    });
    const result = read(answerWith(record({ eventName: 'INSERT' }), second, third), { ttlDeletes: 'ignore' });
    expect([...result.changes.kinds]).toEqual([ChangeKind.upsert, ChangeKind.delete, ChangeKind.upsert]);
    expect(result.lastSequenceNumber).toBe('0000000000000000000000000000000000000011');
  });
});

describe('an image that is needed and missing', () => {
  const keysOnly = { NewImage: undefined };
  test.each([
    ['KEYS_ONLY', record({ eventName: 'INSERT', change: keysOnly }), 'key', 'NEW_IMAGE'],
    ['OLD_IMAGE', record({ eventName: 'MODIFY', change: { ...keysOnly, OldImage: ITEM } }), 'key', 'NEW_IMAGE'],
    ['NEW_IMAGE, with the last image of deletes,', record({ eventName: 'REMOVE' }), 'old', 'NEW_AND_OLD_IMAGES'],
  ] as const)('of a stream of %s is refused with the view type to choose', (_, one, deletedImage, viewType) => {
    const error = errorOf(answerWith(one), { deletedImage });
    expect([error.code, error.kind]).toEqual(['STREAM_VIEW_TYPE', 'user']);
    expect(error.hint).toContain(viewType);
  });

  test('is not missed in a delete that is ignored', () => {
    const one = record({
      eventName: 'REMOVE',
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
    });
    expect(read(answerWith(one), { deletedImage: 'old', ttlDeletes: 'ignore' }).ignoredSequenceNumbers.length).toBe(1);
  });
});

describe('a delete', () => {
  const deleted = record({ eventName: 'REMOVE', change: { OldImage: { x: { S: 'b' }, ...ITEM } } });
  const projection = projectionOf([[{ attribute: 'pk' }], [{ attribute: 'n' }]]);

  test.each([
    ['its key', 'key', null, '{"pk":"a"}\n'],
    ['the image before', 'old', null, '{"x":"b","pk":"a","n":1}\n'],
    ['its key under a projection', 'key', projection, '{"pk":"a"}\n'],
    ['the image before, projected', 'old', projection, '{"pk":"a","n":1}\n'],
  ] as const)('is a row of %s', (_, deletedImage, parsed, line) => {
    const { page, changes } = read(answerWith(deleted), { deletedImage, projection: parsed });
    expect(jsonLinesOf(page).toString()).toBe(line);
    expect(changes).toEqual({
      kinds: Uint8Array.of(ChangeKind.delete),
      sequenceNumbers: ['7'],
      createdAtMs: Float64Array.of(1.5e12),
    });
    expect(page.attributes.name(0)).toBe('pk');
  });

  test.each([
    [{ type: 'Service', principalId: 'dynamodb.amazonaws.com' }, ChangeKind.ttlDelete],
    [{ PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' }, ChangeKind.ttlDelete],
    [{ type: 'Service', principalId: 'other.amazonaws.com' }, ChangeKind.delete],
    [{ type: 'User', principalId: 'dynamodb.amazonaws.com' }, ChangeKind.delete],
    [{}, ChangeKind.delete],
    ['Service', ChangeKind.delete],
  ])('by %j is of the kind %i', (userIdentity, kind) => {
    const text = answerWith(record({ eventName: 'REMOVE', userIdentity }));
    expect([...read(text, { ttlDeletes: 'flag' }).changes.kinds]).toEqual([kind]);
    expect([...read(text).changes.kinds]).toEqual([ChangeKind.delete]);
    expect(read(text, { ttlDeletes: 'ignore' }).ignoredSequenceNumbers.length).toBe(
      kind === ChangeKind.ttlDelete ? 1 : 0,
    );
  });
});

describe('the records after a number', () => {
  test('are those that an answer without the others has', () => {
    const names = createAttributeDictionary(['pk']);
    fc.assert(
      fc.property(recordsArbitrary, choicesArbitrary, styleArbitrary, fc.nat(), (records, some, style, pick) => {
        const choices = { ...some, projection: null };
        const readHere = (some: readonly SampleRecord[]): RecordsPage =>
          transcodeRecordsPage(Buffer.from(writeRecordsPage({ records: some, nextShardIterator: 'x' }, style)), {
            ...choices,
            names,
          });
        // Also a number before the first record, and numbers between two.
        const at = pick % (records.length + 1);
        const number = BigInt(records[at - 1]?.sequenceNumber ?? '0') + (pick % 2 === 0 ? 0n : 1n);
        const left = records.filter(({ sequenceNumber }) => BigInt(sequenceNumber) > number);
        const page = recordsAfter(readHere(records), String(number).padStart(40, '0'));
        expectPage(page.page, expected(left, choices).items);
        expect(restOf(page)).toEqual(restOf(readHere(left)));
      }),
      { numRuns: 250, seed: 14 },
    );
  });

  test('can be taken twice', () => {
    const records = ['1', '2', '3', '4'].map((SequenceNumber) =>
      record({ eventName: 'INSERT', change: { SequenceNumber, NewImage: { pk: { S: SequenceNumber } } } }),
    );
    const twice = recordsAfter(recordsAfter(read(answerWith(...records)), '1'), '3');
    expect(jsonLinesOf(twice.page).toString()).toBe('{"pk":"4"}\n');
    expect(twice.changes.sequenceNumbers).toEqual(['4']);
  });
});

test('one projection serves the pages of two dictionaries', () => {
  const projection = projectionOf([[{ attribute: 'pk' }], [{ attribute: 'n' }]]);
  for (const keys of [['pk'], ['sk', 'pk']]) {
    const names = createAttributeDictionary(keys);
    const { page } = read(answerWith(record({ eventName: 'INSERT' })), { names, projection });
    expect(jsonLinesOf(page).toString()).toBe('{"pk":"a","n":1}\n');
    expect([names.idOf('pk'), names.idOf('n')]).toEqual([keys.indexOf('pk'), keys.length]);
  }
});

test('an image twice as deep as DynamoDB allows is projected whole', () => {
  const nested = Array.from({ length: 40 }).reduce<object>((inner) => ({ M: { a: inner } }), { N: '1' });
  const image = { pk: { S: 'a' }, deep: nested };
  const projection = projectionOf([[{ attribute: 'deep' }]]);
  const { page } = read(answerWith(record({ eventName: 'INSERT', change: { NewImage: image } })), { projection });
  expect(jsonLinesOf(page).toString()).toBe(`{"deep":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}\n`);
});
