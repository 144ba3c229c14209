import { z } from 'zod';
import type { RunRecord } from '../model/run.ts';

const count = z.number().nonnegative();
const phase = z.object({ exitStatus: z.number().nullable(), message: z.string().nullable() });

/** A run record as destinations keep it: JSON. */
export const runRecordSchema: z.ZodType<RunRecord> = z.object({
  runId: z.string(),
  source: z.string(),
  startedAtMs: count,
  endedAtMs: count.nullable(),
  discovery: phase,
  extraction: phase,
  load: phase,
  tables: z.array(
    z.object({
      table: z.string(),
      outcome: z.enum(['succeeded', 'failed', 'cancelled']),
      rowsRead: count,
      rowsLoaded: count,
      rowsRejected: count,
      // Records of earlier versions do not have these two.
      changesRead: count.default(0),
      rowsDeleted: count.default(0),
      bytesRead: count,
      capacityUnits: count,
      throttleCount: count,
      scanCalls: count,
      durationMs: count,
      version: count.nullable(),
      // Records of earlier versions do not have it.
      liveRows: count.nullable().default(null),
      error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    }),
  ),
});
