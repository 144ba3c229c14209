import type { Capabilities } from '../model/capabilities.ts';
import type { ColumnType } from '../model/column-plan.ts';
import type { AttributeEvidence } from '../model/stored-schema.ts';
import { type AttributeObservation, ObservedKind } from '../model/tape.ts';

type Family = NonNullable<AttributeEvidence['family']>;

/** Digits of the widest decimal of DuckDB, Parquet and most warehouses. */
const DECIMAL_DIGITS = 38;
/** Few scales, far apart, so that a growing column is altered a handful of times at most. */
const SCALES = [0, 2, 4, 6, 9, 12, 15, 18, 24, 30, 38];

const FAMILY_OF_KIND = new Map<number, Family>([
  [ObservedKind.text, 'text'],
  [ObservedKind.number, 'number'],
  [ObservedKind.binary, 'binary'],
  [ObservedKind.boolean, 'boolean'],
  [ObservedKind.json, 'json'],
]);

/** What is known of an attribute before its first value. */
export const NO_EVIDENCE: AttributeEvidence = {
  kinds: 0,
  integerDigits: 0,
  scale: 0,
  beyondInt64: false,
  doubleExact: true,
  family: null,
};

/**
 * The narrowest type that holds every value the evidence stands for; null while only NULL was seen. With more evidence it
 * only ever widens: bigint, then decimals of growing scale, then double (lossless, or not at all), then text.
 */
export function columnTypeOf(
  evidence: AttributeEvidence,
  { numbers }: Pick<Capabilities, 'numbers'>,
): ColumnType | null {
  if (evidence.family === null) return null;
  if (evidence.family !== 'number') return { kind: evidence.family };
  return numbers === 'exact-numeric' ? { kind: 'numeric' } : numberType(evidence);
}

function numberType({ integerDigits, scale, beyondInt64, doubleExact }: AttributeEvidence): ColumnType {
  if (scale === 0 && !beyondInt64) return { kind: 'bigint' };
  const wide = SCALES.find((candidate) => candidate >= scale);
  // No larger scale would do: it takes even more of the 38 digits away from the integer part.
  if (wide !== undefined && integerDigits + wide <= DECIMAL_DIGITS) return { kind: 'decimal', scale: wide };
  return doubleExact ? { kind: 'double' } : { kind: 'text' };
}

/**
 * Evidence and observation together; the very same object when the observation adds nothing. Apart from the family, the
 * result does not depend on the order of the observations.
 */
export function addObservation(evidence: AttributeEvidence, observation: AttributeObservation): AttributeEvidence {
  const numeric = (observation.kinds & ObservedKind.number) !== 0;
  const sum: AttributeEvidence = {
    kinds: evidence.kinds | observation.kinds,
    integerDigits: numeric ? Math.max(evidence.integerDigits, observation.integerDigits) : evidence.integerDigits,
    scale: numeric ? Math.max(evidence.scale, observation.scale) : evidence.scale,
    beyondInt64: evidence.beyondInt64 || (numeric && observation.beyondInt64),
    doubleExact: evidence.doubleExact && (!numeric || observation.doubleExact),
    family: familyAfter(evidence.family, observation.kinds),
  };
  return sameEvidence(evidence, sum) ? evidence : sum;
}

/**
 * The rules of families:
 * - text and json absorb everything, so a column that has become one of them stays it: scalars go into a json column as
 *   JSON values, containers into a text column as JSON text;
 * - boolean, number and binary hold only their own kind: any other makes them text, containers too, because a json column
 *   that is compared with a plain string is an error in SQL;
 * - several kinds in the first observation are text, whatever they are: one page has no order that a reader could know,
 *   and this is also what they would give one after the other, unless a container came first.
 */
function familyAfter(family: Family | null, kinds: number): Family | null {
  if (kinds === 0 || family === 'text' || family === 'json') return family;
  const seen = FAMILY_OF_KIND.get(kinds) ?? 'text';
  return family === null || family === seen ? seen : 'text';
}

function sameEvidence(a: AttributeEvidence, b: AttributeEvidence): boolean {
  return (
    a.kinds === b.kinds &&
    a.integerDigits === b.integerDigits &&
    a.scale === b.scale &&
    a.beyondInt64 === b.beyondInt64 &&
    a.doubleExact === b.doubleExact &&
    a.family === b.family
  );
}
