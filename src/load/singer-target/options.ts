import { z } from 'zod';
import { parseDurationMs } from '../../platform/duration.ts';

const duration = (standard: string, description: string) =>
  z
    .union([z.string(), z.number()], { error: 'expected a duration such as 10m' })
    .default(standard)
    .transform((written, context) => {
      const ms = parseDurationMs(String(written));
      if (ms !== null && ms > 0) return ms;
      context.addIssue({ code: 'custom', message: 'expected a duration such as 10m, above 0' });
      return z.NEVER;
    })
    .meta({ description: `${description} In seconds or with a unit (ms, s, m, h).`, default: standard });

/** Options of a destination of type `singer-target`, paths made absolute. */
export const singerTargetOptionsSchema = z
  .strictObject({
    command: z
      .string()
      .min(1)
      .describe('The executable of the target: a name on the PATH, or a path, relative to the folder of the file.'),
    args: z
      .array(z.string())
      .default([])
      .describe('More arguments, behind `--config FILE`. No secrets: any user sees them.'),
    config: z
      .record(z.string().min(1), z.unknown())
      .optional()
      .describe(
        'The configuration of the target. It gets it as a JSON file that only its user can read and that is removed when it ' +
          'has ended. Secrets are written as references to environment variables.',
      ),
    configFile: z
      .string()
      .min(1)
      .optional()
      .describe('A configuration file of the target to use in place of `config`.'),
    activateVersion: z
      .boolean()
      .default(false)
      .describe(
        'Whether the target honours ACTIVATE_VERSION. Then rows that a complete reading has not shown are removed or marked by ' +
          'it; without, they stay.',
      ),
    inferSchema: z
      .boolean()
      .default(true)
      .describe('SCHEMA messages describe the attributes that were seen; else they say only that a row is an object.'),
    echoTimeout: duration('10m', 'How long the target may take nothing from its input before it counts as hung.'),
    exitTimeout: duration('10m', 'How long the target may take to load the rest and end when its input has ended.'),
    settleEvery: duration(
      '5m',
      'When rows have waited for their confirmation for so long, the input is ended, so that the target loads and confirms ' +
        'everything, and the target is started again.',
    ),
  })
  .refine(({ config, configFile }) => config === undefined || configFile === undefined, {
    message: 'config and config_file exclude each other',
    path: ['configFile'],
  });

export type SingerTargetOptions = z.output<typeof singerTargetOptionsSchema>;
