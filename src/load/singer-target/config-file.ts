import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import { secretsIn } from '../../platform/secret-names.ts';
import type { SingerTargetOptions } from './options.ts';

/** The configuration as a target is given it. */
export interface TargetConfig {
  /** `--config FILE`, or nothing. */
  readonly args: readonly string[];
  /** What must not reach a log. */
  readonly secrets: readonly string[];
}

/**
 * Writes `config` to a file that only its user can read: the arguments of a process are for everybody to see. Rejects with
 * CONFIG_INVALID when `config_file` is not a JSON object.
 */
export async function writeTargetConfig(
  folder: string,
  { config, configFile }: Pick<SingerTargetOptions, 'config' | 'configFile'>,
): Promise<TargetConfig> {
  if (configFile !== undefined) {
    return { args: ['--config', configFile], secrets: secretsIn(await readConfigFile(configFile)) };
  }
  if (config === undefined) return { args: [], secrets: [] };
  const path = configPath(folder);
  // Not what may be there already: the mode counts only for a file that is created.
  await removeTargetConfig(folder);
  await writeFile(path, JSON.stringify(config), { mode: 0o600, flag: 'wx' });
  return { args: ['--config', path], secrets: secretsIn(config) };
}

export async function removeTargetConfig(folder: string): Promise<void> {
  await rm(configPath(folder), { force: true });
}

/** Rejects with CONFIG_INVALID. */
export async function readConfigFile(path: string): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value === 'object' && value !== null) return value;
    throw new Error('it is not a JSON object');
  } catch (error) {
    throw new TributaryError(
      'CONFIG_INVALID',
      `The configuration file of the target cannot be used: ${pathError(path, error)}`,
      {
        hint: 'Correct `config_file`, or put the options of the target under `config`.',
        cause: error,
        context: { path },
      },
    );
  }
}

/** The message of a JSON error quotes the text, which may hold a secret. */
function pathError(path: string, error: unknown): string {
  return error instanceof SyntaxError ? `${path} is not JSON` : messageOf(error);
}

function configPath(folder: string): string {
  return join(folder, 'config.json');
}
