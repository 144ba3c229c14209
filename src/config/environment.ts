import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEFAULT_CONFIG_PATH, SETTINGS } from './settings.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process. Everybody else gets it as an argument. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Keeps the AWS SDK from warning, in every command, that its later versions need a newer Node: what counts is the version
 * that is installed here, and that one runs on all that this package supports.
 */
export function acceptNodeVersionOfSdk(): void {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}

/** The flag, else the variable, else ./tributary.yaml. An empty variable counts as not set. */
export function configPath(flag: string | undefined, environment: Environment): string {
  return flag ?? (environment[SETTINGS.config.environment] || DEFAULT_CONFIG_PATH);
}

/** The flag, else the variable, else ~/.tributary; absolute. */
export function homePath(flag: string | undefined, environment: Environment): string {
  return resolve(flag ?? (environment[SETTINGS.home.environment] || join(homedir(), '.tributary')));
}

/** The flag, else the variable; undefined when neither is set. */
export function logLevelName(flag: string | undefined, environment: Environment): string | undefined {
  return flag ?? (environment[SETTINGS.logLevel.environment] || undefined);
}
