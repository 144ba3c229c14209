import type { DocumentPath, PathStep } from '../../model/projection.ts';

/**
 * `overlap`: one path contains the other. `conflict`: one takes a map and the other a list at the same place. DynamoDB
 * refuses both.
 */
export function relationOf(left: DocumentPath, right: DocumentPath): 'apart' | 'overlap' | 'conflict' {
  const length = Math.min(left.length, right.length);
  for (let depth = 0; depth < length; depth++) {
    const one = left[depth];
    const other = right[depth];
    if (one === undefined || other === undefined || sameStep(one, other)) continue;
    return 'attribute' in one === 'attribute' in other ? 'apart' : 'conflict';
  }
  return 'overlap';
}

function sameStep(one: PathStep, other: PathStep): boolean {
  if ('attribute' in one) return 'attribute' in other && one.attribute === other.attribute;
  return 'index' in other && one.index === other.index;
}
