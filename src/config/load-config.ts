import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf, TributaryError } from '../platform/errors.ts';
import { problemList } from '../platform/problem-list.ts';
import { type ConfigText, parseConfigText } from './config-text.ts';
import type { Environment } from './environment.ts';
import { configJsonSchema } from './json-schema.ts';
import { crossProblems, normalise } from './normalise.ts';
import { type OptionProblem, optionProblems } from './option-problems.ts';
import { fileSchema } from './schema.ts';
import { DEFAULT_CONFIG_PATH } from './settings.ts';
import type { TributaryConfig } from './tributary-config.ts';
import { resolveVariables } from './variables.ts';

interface LoadConfigOptions {
  /** The file, as messages shall name it. */
  readonly path: string;
  readonly home: string;
  readonly environment: Environment;
}

/**
 * Reads, checks and normalises the configuration file. Rejects with CONFIG_NOT_FOUND, CONFIG_SYNTAX, CONFIG_INVALID or
 * CONFIG_ENV_MISSING; messages name file, line, column and option, all problems at once.
 */
export async function loadConfig(options: LoadConfigOptions): Promise<TributaryConfig> {
  return parseConfig(await readConfigFile(options.path), options);
}

/** The same for a text at hand, for example one that is about to be written. */
export function parseConfig(yaml: string, { path, home, environment }: LoadConfigOptions): TributaryConfig {
  const text = parseConfigText(yaml, path);
  const schema = configJsonSchema();
  const { value, inserted, missing, refused } = resolveVariables(text.value ?? {}, schema, environment);
  const parsed = fileSchema.safeParse(value, { reportInput: true });
  const invalid = parsed.success
    ? crossProblems(parsed.data)
    : parsed.error.issues.flatMap((issue) => optionProblems(issue, schema));
  const wrong = [...refused, ...withoutThoseAt(missing, invalid)];
  if (wrong.length > 0) throw problemError('CONFIG_INVALID', text, [...wrong, ...missing]);
  if (missing.length > 0) throw problemError('CONFIG_ENV_MISSING', text, missing);
  if (!parsed.success) throw new TributaryError('BUG', 'The configuration was refused without a reason');
  return normalise({ file: parsed.data, inserted, text, path, home });
}

/** The text of the file. Rejects with CONFIG_NOT_FOUND. */
export async function readConfigFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw notLoaded(path, error);
  }
}

function notLoaded(path: string, cause: unknown): TributaryError {
  const code = systemCodeOf(cause);
  const what = `The configuration ${path} could not be loaded`;
  if (code === 'EISDIR') {
    const hint = `Name the file in it, for example --config ${join(path, DEFAULT_CONFIG_PATH)}`;
    return new TributaryError('CONFIG_NOT_FOUND', `${what}: it is a folder`, { hint, cause });
  }
  const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
  return new TributaryError('CONFIG_NOT_FOUND', `${what}: ${reason}`, { cause });
}

/** An option whose variable is not set is not also called wrong. */
function withoutThoseAt(
  missing: readonly OptionProblem[],
  problems: readonly OptionProblem[],
): readonly OptionProblem[] {
  const unset = new Set(missing.map(({ path }) => path.join('\0')));
  return problems.filter(({ path }) => !unset.has(path.join('\0')));
}

function problemError(
  code: 'CONFIG_INVALID' | 'CONFIG_ENV_MISSING',
  text: ConfigText,
  problems: readonly OptionProblem[],
): TributaryError {
  const inFileOrder = problems.toSorted((a, b) => text.offset(a.path) - text.offset(b.path));
  const lines = inFileOrder.map(({ path, message }) => `${text.locate(path)}: ${message}`);
  return new TributaryError(code, problemList('The configuration is not valid', lines), {
    context: { problems: problems.length },
  });
}
