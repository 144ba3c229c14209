import { z } from 'zod';
import type { ProcessIdentity } from '../../platform/process-identity.ts';

/** A process as files name it. */
export const storedIdentity: z.ZodType<ProcessIdentity> = z.object({
  host: z.string(),
  pid: z.number().int().positive(),
  startedAt: z.string(),
});
