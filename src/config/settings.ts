/** One setting that is not in the file, because it says where things are or how a command speaks. */
interface Setting {
  readonly flag: string;
  readonly placeholder: string;
  /** The environment variable that sets it; the flag wins. */
  readonly environment: string | null;
  readonly defaultText: string;
  readonly description: string;
}

/** Settings of every command: declared once for the flags, the environment and docs/reference/config.md. */
export const SETTINGS = {
  config: {
    flag: '--config',
    placeholder: '<file>',
    environment: 'TRIBUTARY_CONFIG',
    defaultText: './tributary.yaml',
    description: 'Configuration file',
  },
  home: {
    flag: '--home',
    placeholder: '<folder>',
    environment: 'TRIBUTARY_HOME',
    defaultText: '~/.tributary',
    description: 'Folder for what Tributary keeps beside the destinations',
  },
  logLevel: {
    flag: '--log-level',
    placeholder: '<level>',
    environment: 'TRIBUTARY_LOG_LEVEL',
    defaultText: 'INFO for a sync without progress bars, else WARNING',
    description: 'Lowest level of the log lines on stderr: DEBUG, INFO, WARNING, ERROR or CRITICAL',
  },
} as const satisfies Record<string, Setting>;

export const DEFAULT_CONFIG_PATH = 'tributary.yaml';
