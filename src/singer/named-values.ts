import { z } from 'zod';
import { plainIssue } from './plain-issue.ts';

/**
 * Values by the name of a table or of an attribute. As z.record, which leaves out `__proto__`: DynamoDB takes that for a
 * name as good as any.
 */
export function namedValues<T>(value: z.ZodType<T>) {
  return z
    .custom<Readonly<Record<string, unknown>>>(isObject, 'expected an object')
    .transform((given, context): Readonly<Record<string, T>> => {
      const values: [string, T][] = [];
      for (const [name, content] of Object.entries(given)) {
        const parsed = value.safeParse(content, { error: plainIssue });
        if (parsed.success) values.push([name, parsed.data]);
        for (const { path, message } of parsed.error?.issues ?? []) {
          context.addIssue({ code: 'custom', message, path: [name, ...path] });
        }
      }
      return Object.fromEntries(values);
    });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
