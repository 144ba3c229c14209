import { z } from 'zod';
import { parseDurationMs } from '../../platform/duration.ts';

const DEFAULT_LOCK_WAIT_MS = 180_000;

const duration = z.union([z.string(), z.number()]).transform((written, context) => {
  const ms = parseDurationMs(String(written));
  if (ms === null) context.addIssue('expected a duration such as 30s or 5m');
  return ms ?? 0;
});

/** Options of a destination of type `duckdb`, paths made absolute. */
export const duckDbOptionsSchema = z
  .strictObject({
    path: z.string().min(1).describe('The DuckDB file; created with its folder when it is missing.'),
    publish: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'Where to put a copy for readers, after each finished table and once a minute while tables are followed: DuckDB lets no other program open the file.',
      ),
    lockWait: duration
      .default(DEFAULT_LOCK_WAIT_MS)
      .describe('How long to wait for another program that has the file open, such as 30s or 5m (the default is 3m).'),
  })
  .transform(({ lockWait: lockWaitMs, ...options }) => ({ ...options, lockWaitMs }));

export type DuckDbOptions = z.infer<typeof duckDbOptionsSchema>;
