import { z } from 'zod';

/** Options of a destination of type `files`, paths made absolute. */
export const filesOptionsSchema = z.strictObject({
  path: z.string().min(1).describe('The folder for the JSON Lines files; created when it is missing.'),
});

export type FilesOptions = z.infer<typeof filesOptionsSchema>;
