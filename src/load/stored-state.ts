import { z } from 'zod';
import type { Position } from '../model/position.ts';
import type { AttributeEvidence } from '../model/stored-schema.ts';
import type { UnitId } from '../model/unit.ts';

/* Pieces of the state as destinations keep them. What is stored may have been changed by anybody. */

const count = z.number().int().nonnegative();

export const storedUnit = z.custom<UnitId>(
  (value) => typeof value === 'string' && /^(segment:\d+\/\d+|shard:.+)$/.test(value),
);

export const storedPosition = z.custom<Position>(
  (value) => typeof value === 'string' && /^(start$|end$|at \d|after )/.test(value),
);

export const storedEvidence: z.ZodType<AttributeEvidence> = z.object({
  kinds: count,
  integerDigits: count,
  scale: count,
  beyondInt64: z.boolean(),
  doubleExact: z.boolean(),
  family: z.enum(['boolean', 'number', 'text', 'binary', 'json']).nullable(),
});

/** What a schema accepts, stored as JSON text. */
export function storedJson<T>(schema: z.ZodType<T>) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}
