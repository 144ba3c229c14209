import { type AttributeObservation, ObservedKind } from '../../src/model/tape.ts';
import { exactNumber, type Members, membersOf, typed } from './oracle.ts';

/** Observations by attribute name, the slow way. */
export function observedByName(items: readonly Members[]): Map<string, AttributeObservation> {
  const kinds: Record<string, number> = {
    S: ObservedKind.text,
    N: ObservedKind.number,
    B: ObservedKind.binary,
    BOOL: ObservedKind.boolean,
    NULL: 0,
  };
  const observed = new Map<string, AttributeObservation>();
  for (const [name, value] of items.flatMap((item) => membersOf(item))) {
    const [type, content] = typed(value);
    const before = observed.get(name) ?? NOTHING;
    const number = type === 'N' ? numberEvidence(String(content)) : NOTHING;
    observed.set(name, {
      kinds: before.kinds | (kinds[type] ?? ObservedKind.json),
      presentCount: before.presentCount + 1,
      nullCount: before.nullCount + (type === 'NULL' ? 1 : 0),
      integerDigits: Math.max(before.integerDigits, number.integerDigits),
      scale: Math.max(before.scale, number.scale),
      beyondInt64: before.beyondInt64 || number.beyondInt64,
      doubleExact: before.doubleExact && number.doubleExact,
    });
  }
  return observed;
}

const NOTHING: AttributeObservation = {
  kinds: 0,
  presentCount: 0,
  nullCount: 0,
  integerDigits: 0,
  scale: 0,
  beyondInt64: false,
  doubleExact: true,
};

function numberEvidence(text: string): AttributeObservation {
  const { unscaled, scale } = exactNumber(text);
  const magnitude = unscaled < 0n ? -unscaled : unscaled;
  const integer = (magnitude / 10n ** BigInt(scale)).toString();
  const back = exactNumber(String(Number(text)));
  return {
    ...NOTHING,
    integerDigits: integer === '0' ? 0 : integer.length,
    scale,
    beyondInt64: scale === 0 && BigInt.asIntN(64, unscaled) !== unscaled,
    doubleExact: back.unscaled === unscaled && back.scale === scale,
  };
}
