export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';
/** Which part of a run speaks: `main` the run itself, `tap` the reading half, `target` the loading half. */
export type LogLocation = 'main' | 'tap' | 'target';

/** Messages name tables, counts and positions, never item values. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
  /** The same log, speaking from another location. */
  at(location: LogLocation): Logger;
}

interface LoggerOptions {
  /**
   * `run`, which is meant where it is left out: `2026-01-31 16:44:41,159Z tap - INFO message`. `singer`, as what runs taps
   * knows it from those in Python: `INFO message`.
   */
  readonly format?: 'run' | 'singer';
  readonly location: LogLocation;
  /** Lines below this level are dropped. */
  readonly level: LogLevel;
  readonly now: () => number;
  /** Receives whole lines without their line end. */
  readonly write: (line: string, level: LogLevel) => void;
}

const SEVERITY: Record<LogLevel, number> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3, CRITICAL: 4 };

/** Extraction log lines; a message of several lines becomes several. */
export function createLogger(options: LoggerOptions): Logger {
  const log = (level: LogLevel, message: string): void => {
    if (SEVERITY[level] < SEVERITY[options.level]) return;
    const head = options.format === 'singer' ? '' : `${timestamp(options.now())} ${options.location} - `;
    for (const line of message.split('\n')) options.write(`${head}${level} ${line}`, level);
  };
  return {
    debug: (message) => log('DEBUG', message),
    info: (message) => log('INFO', message),
    warning: (message) => log('WARNING', message),
    error: (message) => log('ERROR', message),
    critical: (message) => log('CRITICAL', message),
    at: (location) => createLogger({ ...options, location }),
  };
}

/** The same log with a prefix before every message: the table, where several speak at once. */
export function prefixedLogger(log: Logger, prefix: string): Logger {
  return {
    debug: (message) => log.debug(prefix + message),
    info: (message) => log.info(prefix + message),
    warning: (message) => log.warning(prefix + message),
    error: (message) => log.error(prefix + message),
    critical: (message) => log.critical(prefix + message),
    at: (location) => prefixedLogger(log.at(location), prefix),
  };
}

/** A logger that drops everything. */
export const silentLogger: Logger = createLogger({
  location: 'main',
  level: 'CRITICAL',
  now: () => 0,
  write: () => {},
});

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('.', ',');
}
