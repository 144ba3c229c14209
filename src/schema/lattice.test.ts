import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ColumnType, sameType } from '../model/column-plan.ts';
import type { AttributeEvidence } from '../model/stored-schema.ts';
import { type AttributeObservation, ObservedKind } from '../model/tape.ts';
import { addObservation, columnTypeOf, NO_EVIDENCE } from './lattice.ts';

const lattice = { numbers: 'lattice' } as const;
const json = ObservedKind.json;
const text = ObservedKind.text;
/** 5E-42 */
const TINY = `0.${'0'.repeat(41)}5`;

describe('column types', () => {
  it.each<[string[], ColumnType]>([
    [['0'], { kind: 'bigint' }],
    [['9223372036854775807', '-9223372036854775808'], { kind: 'bigint' }],
    [['9223372036854775808'], { kind: 'decimal', scale: 0 }],
    [['1', '0.1'], { kind: 'decimal', scale: 2 }],
    [['0.123'], { kind: 'decimal', scale: 4 }],
    [['12345678901234567890123456789012345678'], { kind: 'decimal', scale: 0 }],
    [['0.12345678901234567890123456789012345678'], { kind: 'decimal', scale: 38 }],
    // 35 digits before the point leave no room for scale 4, and three is none of the scales.
    [['12345678901234567890123456789012345', '0.123'], { kind: 'text' }],
    // More places than any decimal has, but a double prints it back as it was.
    [[TINY], { kind: 'double' }],
    [[TINY, '0.1'], { kind: 'double' }],
    [[TINY, '12345678901234567000'], { kind: 'double' }],
    [[TINY, '12345678901234567891'], { kind: 'text' }],
    [[`1${'0'.repeat(125)}`], { kind: 'double' }],
    [[`1${'0'.repeat(37)}1`], { kind: 'text' }],
  ])('hold %j in %j', (values, type) => {
    expect(columnTypeOf(numbers(values), lattice)).toEqual(type);
  });

  it('leave numbers alone where the destination holds any of them', () => {
    expect(columnTypeOf(numbers(['1', `1${'0'.repeat(37)}1`]), { numbers: 'exact-numeric' })).toEqual({
      kind: 'numeric',
    });
  });

  it.each<[string, number[], ColumnType['kind'] | null]>([
    ['only NULL', [0, 0], null],
    ['NULL, then text', [0, text], 'text'],
    ['text, then a container', [text, json], 'text'],
    ['a container, then text', [json, text], 'json'],
    ['a container, then everything', [json, 1, 2, 4, 8], 'json'],
    ['a number, then a container', [2, json], 'text'],
    ['a boolean, then a number', [8, 2], 'text'],
    ['binary, then text', [4, text], 'text'],
    ['text and a container at once', [text | json], 'text'],
    ['a number and a container at once', [2 | json], 'text'],
    ['only containers', [json, 0, json], 'json'],
    ['only booleans', [8, 0, 8], 'boolean'],
    ['only binary', [4], 'binary'],
  ])('after %s', (_, kinds, kind) => {
    const evidence = kinds.reduce((sum, seen) => addObservation(sum, observation(seen)), NO_EVIDENCE);
    expect(columnTypeOf(evidence, lattice)?.kind ?? null).toBe(kind);
  });
});

describe('evidence', () => {
  it('is the same object when an observation adds nothing', () => {
    const evidence = numbers(['123.45', '7']);
    expect(addObservation(evidence, observe('99.9'))).toBe(evidence);
    expect(addObservation(evidence, observation(0))).toBe(evidence);
    expect(addObservation(evidence, observe('1234'))).not.toBe(evidence);
  });

  it('types every number it has seen, whatever the order, and only ever widens', () => {
    fc.assert(
      fc.property(fc.array(numberText, { minLength: 1, maxLength: 12 }), fc.integer(), (values, seed) => {
        let evidence = NO_EVIDENCE;
        let type: ColumnType | null = null;
        values.forEach((value, index) => {
          evidence = addObservation(evidence, observe(value));
          const next = columnTypeOf(evidence, lattice);
          if (type !== null && next !== null) expect(rank(next)).toBeGreaterThanOrEqual(rank(type));
          // A type that can hold the new value stays.
          if (type !== null && holds(type, value)) expect(next).toEqual(type);
          type = next;
          for (const seen of values.slice(0, index + 1))
            expect([seen, type, holds(type, seen)]).toEqual([seen, type, true]);
        });
        const shuffled = [...values].sort((a, b) => ((a.length * 31 + seed) % 7) - ((b.length * 31 + seed) % 7));
        expect(numbers(shuffled)).toEqual(evidence);
      }),
      { numRuns: 1000 },
    );
  });

  it('ends in one family whatever the order, unless containers are among several kinds', () => {
    const kinds = fc.array(fc.constantFrom(0, 1, 2, 4, 8, 3, 10), { maxLength: 6 });
    fc.assert(
      fc.property(kinds, (seen: readonly number[]) => {
        const family = (order: readonly number[]) =>
          order.reduce((sum, kind) => addObservation(sum, observation(kind)), NO_EVIDENCE).family;
        expect(family([...seen].reverse())).toBe(family(seen));
        // One page with everything in it says the same as many pages with a part each.
        expect(family([seen.reduce((all, kind) => all | kind, 0)])).toBe(family(seen));
      }),
    );
  });

  it('never leaves text or json', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 16), fc.array(fc.integer({ min: 0, max: 31 })), (first, rest) => {
        const before = addObservation(NO_EVIDENCE, observation(first));
        const after = rest.reduce((sum, kind) => addObservation(sum, observation(kind)), before);
        expect(after.family).toBe(before.family);
      }),
    );
  });
});

const digits = fc.stringMatching(/^[0-9]{0,24}$/);
const numberText = fc
  .tuple(fc.constantFrom('', '-'), digits, digits, fc.constantFrom(0, 0, 0, 20, -20, 100))
  .map(([sign, integer, fraction, shift]) => sign + plain(integer, fraction, shift))
  .map((value) => (/^-?0$/.test(value) ? '0' : value));

/** Decimal text without exponent and without superfluous zeros; `shift` moves the point. */
function plain(integer: string, fraction: string, shift: number): string {
  const all = '0'.repeat(130) + integer + fraction + '0'.repeat(130);
  const point = 130 + integer.length + shift;
  const left = all.slice(0, point).replace(/^0+/, '') || '0';
  const right = all.slice(point).replace(/0+$/, '');
  return right === '' ? left : `${left}.${right}`;
}

function numbers(values: readonly string[]): AttributeEvidence {
  return values.reduce((sum, value) => addObservation(sum, observe(value)), NO_EVIDENCE);
}

function observe(value: string): AttributeObservation {
  const [integer = '', fraction = ''] = value.replace('-', '').split('.');
  const whole = fraction === '' ? BigInt(value) : 0n;
  return {
    ...observation(ObservedKind.number),
    integerDigits: integer.replace(/^0+/, '').length,
    scale: fraction.length,
    beyondInt64: whole !== BigInt.asIntN(64, whole),
    doubleExact: exactAsDouble(value),
  };
}

function observation(kinds: number): AttributeObservation {
  return {
    kinds,
    presentCount: 1,
    nullCount: kinds === 0 ? 1 : 0,
    integerDigits: 0,
    scale: 0,
    beyondInt64: false,
    doubleExact: true,
  };
}

/** Whether the shortest text of the double is the same decimal number; worked out on digits and exponent. */
function exactAsDouble(value: string): boolean {
  const scientific = (text: string): string => {
    const [mantissa = '', exponent = '0'] = text.replace(/^-/, '').split('e');
    const [integer = '', fraction = ''] = mantissa.split('.');
    const significant = (integer + fraction).replace(/^0+/, '');
    const leading = (integer + fraction).length - significant.length;
    return `${significant.replace(/0+$/, '')}@${integer.length - leading + Number(exponent)}`;
  };
  return /^-?0$/.test(value) || scientific(String(Number(value))) === scientific(value);
}

function holds(type: ColumnType | null, value: string): boolean {
  const { integerDigits, scale, beyondInt64 } = observe(value);
  if (type?.kind === 'bigint') return scale === 0 && !beyondInt64;
  if (type?.kind === 'decimal') return scale <= type.scale && integerDigits + type.scale <= 38;
  if (type?.kind === 'double') return exactAsDouble(value);
  return type?.kind === 'text';
}

function rank(type: ColumnType): number {
  if (type.kind === 'decimal') return 1 + type.scale;
  return ['bigint', 'decimal', 'double', 'text'].indexOf(type.kind) * 100;
}

describe('sameType', () => {
  it('tells decimals of different scale apart', () => {
    expect(sameType({ kind: 'decimal', scale: 2 }, { kind: 'decimal', scale: 4 })).toBe(false);
    expect(sameType({ kind: 'decimal', scale: 2 }, { kind: 'decimal', scale: 2 })).toBe(true);
    expect(sameType({ kind: 'text' }, { kind: 'json' })).toBe(false);
  });
});
