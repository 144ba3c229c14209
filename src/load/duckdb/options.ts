import { z } from 'zod';

/** Options of a destination of type `duckdb`, after the configuration has normalised names, paths and durations. */
export const duckDbOptionsSchema = z.strictObject({
  path: z.string().min(1).describe('The DuckDB file; created with its folder when it is missing.'),
  publish: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Where to put a copy for readers after each finished table: DuckDB lets no other program open the file.'),
  lockWaitMs: z
    .number()
    .int()
    .nonnegative()
    .default(180_000)
    .describe('How long to wait for another program that holds the file.'),
});

export type DuckDbOptions = z.infer<typeof duckDbOptionsSchema>;
