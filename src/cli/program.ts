import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { SETTINGS } from '../config/settings.ts';
import type { LogLevel } from '../platform/logger.ts';

/** From the least to the most severe. */
export const LOG_LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];

interface ProgramOptions {
  readonly version: string;
  /** Receives help and version. */
  readonly writeOut: (text: string) => void;
  /** Receives what is wrong with the command line. */
  readonly writeErr: (text: string) => void;
  readonly columns: number | undefined;
}

export type Program = ReturnType<typeof createProgram>;

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
      getOutHelpWidth: () => columns ?? 100,
      getErrHelpWidth: () => columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('Run the command with --help for its options and examples.')
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
      ),
    );
}

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
