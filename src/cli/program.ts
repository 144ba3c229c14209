import { Command, type CommandUnknownOpts, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { SETTINGS } from '../config/settings.ts';
import { TributaryError } from '../platform/errors.ts';
import type { LogLevel } from '../platform/logger.ts';

/** From the least to the most severe. */
export const LOG_LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];

interface ProgramOptions {
  readonly version: string;
  /** Receives help and version. */
  readonly writeOut: (text: string) => void;
  /** Receives the help where a command is missing. */
  readonly writeErr: (text: string) => void;
  readonly columns: number | undefined;
}

export type Program = ReturnType<typeof createProgram>;

/** A verb that has verbs of its own. */
export function addVerbGroup(program: Program, name: string) {
  return program.command(name);
}

export type VerbGroup = ReturnType<typeof addVerbGroup>;

/** The flags that mean the same for every verb. */
export type GlobalOptions = ReturnType<Program['opts']>;

/** The command line without its verbs. Parse errors and help are thrown as CommanderError, never an exit. */
export function createProgram({ version, writeOut, writeErr, columns }: ProgramOptions) {
  const { config, home, logLevel } = SETTINGS;
  return new Command('tributary')
    .description('Replicates Amazon DynamoDB tables into warehouses, databases and files.')
    .exitOverride()
    .configureOutput({
      writeOut,
      writeErr,
      // The error that is thrown says it, with its code, like all others.
      outputError: () => {},
      getOutHelpWidth: () => columns ?? 100,
      getErrHelpWidth: () => columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: true })
    .version(version, '--version', 'Print the version')
    .option(`${config.flag} ${config.placeholder}`, settingHelp(config))
    .option(`${home.flag} ${home.placeholder}`, settingHelp(home))
    .option('--source <name>', 'Source to work on; not needed when the file has one')
    .option('--table <name>', 'Table, or table/index; repeatable', collect)
    .option('--json', 'Print JSON on stdout')
    .addOption(new Option(`${logLevel.flag} ${logLevel.placeholder}`, settingHelp(logLevel)).argParser(parseLogLevel))
    .addHelpText(
      'after',
      examples(
        'tributary demo',
        'tributary init --region eu-central-1',
        'tributary discover',
        'tributary select orders customers --method FULL_TABLE',
        'tributary sync',
        'tributary tap --help',
      ),
    );
}

/**
 * Takes global options from a verb that has no use for them: its help leaves them out, and who gives one learns that it
 * would have no effect. Not for --home and --log-level: scripts give these settings to all verbs alike.
 */
export function withoutOptions<Verb extends CommandUnknownOpts>(verb: Verb, unused: readonly UnusedOption[]): Verb {
  verb.configureHelp({
    ...verb.configureHelp(),
    visibleGlobalOptions: ({ parent }) =>
      (parent?.options ?? []).filter(({ long }) => !unused.some((name) => long === `--${name}`)),
  });
  verb.hook('preAction', (_, command) => {
    const given: Readonly<Record<string, unknown>> = command.optsWithGlobals();
    const [needless] = unused.filter((name) => given[name] !== undefined);
    if (needless === undefined) return;
    throw new TributaryError('USAGE', `${verb.name()} has no use for --${needless}`, { hint: 'Leave it out' });
  });
  return verb;
}

type UnusedOption = 'config' | 'source' | 'table';

/** The examples that end a help text. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
}

export function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text.toUpperCase());
  if (level === undefined) throw new InvalidArgumentError(`Known levels: ${LOG_LEVELS.join(', ')}.`);
  return level;
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

type Setting = (typeof SETTINGS)[keyof typeof SETTINGS];

function settingHelp({ description, environment, defaultText }: Setting): string {
  return `${description} (default: ${defaultText}, env: ${environment})`;
}
