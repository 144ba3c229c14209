import { resolve } from 'node:path';
import type { z } from 'zod';
import type { Capabilities } from '../model/capabilities.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { problemList } from '../platform/problem-list.ts';
import type { Destination } from './destination.ts';

/** A destination as the configuration names it. */
export interface DestinationRequest {
  readonly name: string;
  readonly type: string;
  /** Keys in snake case, as in the file. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What environment variables have put into lists and maps of the options: any of it may be a secret. */
  readonly variableValues: readonly string[];
  /** Relative paths start here. */
  readonly baseFolder: string;
  /** For what a destination has to keep on this machine, absolute. */
  readonly homeFolder: string;
  /** Where an option stands, for messages; null for the destination itself. */
  readonly locate: (option: string | null) => string;
}

interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What an adapter is opened with, beside its options. */
type AdapterSurroundings = Surroundings &
  Pick<DestinationRequest, 'name' | 'variableValues' | 'baseFolder' | 'homeFolder'>;

interface DestinationType {
  /** Options that are paths. */
  readonly paths: readonly string[];
  /** Loads what it can do, and nothing else of the adapter. */
  readonly capabilities: () => Promise<Capabilities>;
  /** Loads the adapter; resolves to how it is opened. */
  readonly load: () => Promise<(options: unknown, surroundings: AdapterSurroundings) => Opening>;
}

type Opening = { readonly destination: Destination } | { readonly issues: readonly z.core.$ZodIssue[] };

const TYPES: Readonly<Record<string, DestinationType>> = {
  duckdb: {
    paths: ['path', 'publish'],
    capabilities: async () => (await import('./duckdb/capabilities.ts')).DUCKDB_CAPABILITIES,
    load: async () => {
      const { createDuckDbDestination } = await import('./duckdb/duckdb.ts');
      const { duckDbOptionsSchema } = await import('./duckdb/options.ts');
      return adapter(duckDbOptionsSchema, createDuckDbDestination);
    },
  },
  files: {
    paths: ['path'],
    capabilities: async () => (await import('./files/capabilities.ts')).FILES_CAPABILITIES,
    load: async () => {
      const { createFilesDestination } = await import('./files/files.ts');
      const { filesOptionsSchema } = await import('./files/options.ts');
      return adapter(filesOptionsSchema, createFilesDestination);
    },
  },
  'singer-target': {
    paths: ['config_file'],
    capabilities: async () => (await import('./singer-target/capabilities.ts')).SINGER_TARGET_CAPABILITIES,
    load: async () => {
      const { createSingerTargetDestination } = await import('./singer-target/singer-target.ts');
      const { singerTargetOptionsSchema } = await import('./singer-target/options.ts');
      return adapter(singerTargetOptionsSchema, createSingerTargetDestination);
    },
  },
};

const DESTINATION_TYPES: readonly string[] = Object.keys(TYPES);

/** All types and what each can do. */
export async function destinationTypes(): Promise<
  readonly { readonly type: string; readonly capabilities: Capabilities }[]
> {
  return await Promise.all(
    Object.entries(TYPES).map(async ([type, { capabilities }]) => ({ type, capabilities: await capabilities() })),
  );
}

/**
 * Opens a destination; only then is the code of its adapter loaded. Rejects with DESTINATION_UNKNOWN for a type that there
 * is not, and with CONFIG_INVALID, all problems at once, for options that the adapter does not take.
 */
export async function openDestination(request: DestinationRequest, surroundings: Surroundings): Promise<Destination> {
  const { name, type, options, variableValues, baseFolder, homeFolder, locate } = request;
  const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (known === undefined) {
    throw new TributaryError('DESTINATION_UNKNOWN', `${locate('type')}: there is no destination type "${type}"`, {
      hint: `Use one of: ${DESTINATION_TYPES.join(', ')}.`,
      context: { destination: name, type },
    });
  }
  const values = Object.entries(options).map(([option, value]) => {
    const isPath = known.paths.includes(option) && typeof value === 'string' && value !== '';
    return [camelCase(option), isPath ? resolve(baseFolder, value) : value] as const;
  });
  const open = await known.load();
  const opening = open(Object.fromEntries(values), { ...surroundings, name, variableValues, baseFolder, homeFolder });
  if ('destination' in opening) return opening.destination;
  const problems = opening.issues.flatMap((issue) => problemsOf(issue, request));
  throw new TributaryError('CONFIG_INVALID', problemList(`The destination ${name} is not valid`, problems), {
    context: { destination: name, type },
  });
}

function adapter<Schema extends z.ZodType>(
  schema: Schema,
  create: (options: z.output<Schema>, surroundings: AdapterSurroundings) => Destination,
): (options: unknown, surroundings: AdapterSurroundings) => Opening {
  return (options, surroundings) => {
    const parsed = schema.safeParse(options);
    return parsed.success ? { destination: create(parsed.data, surroundings) } : { issues: parsed.error.issues };
  };
}

function problemsOf(issue: z.core.$ZodIssue, { options, type, locate }: DestinationRequest): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${locate(snakeCase(key))}: a destination of type ${type} has no such option`);
  }
  const option = snakeCase(String(issue.path[0] ?? ''));
  if (option === '') return [`${locate(null)}: ${issue.message}`];
  return Object.hasOwn(options, option)
    ? [`${locate(option)}: ${issue.message}`]
    : [`${locate(null)}: the option ${option} is missing`];
}

function camelCase(option: string): string {
  return option.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
