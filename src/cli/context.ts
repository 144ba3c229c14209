import type { Environment } from '../config/environment.ts';
import type { DestinationConfig } from '../config/tributary-config.ts';
import type { ConnectionOptions } from '../model/connection-options.ts';
import type { SyncRequest } from '../operations/sync.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger, LogLevel } from '../platform/logger.ts';
import type { Output, TextSink } from './output.ts';

export type Connection = SyncRequest['connection'];
export type Destination = SyncRequest['destination'];

/** What a verb gets besides its arguments. app.ts builds it; tests build their own. */
export interface CliContext {
  readonly output: Output;
  /** For progress and questions; logs go through `logger`. */
  readonly stderr: TextSink;
  readonly environment: Environment;
  readonly clock: Clock;
  /** Whether a person sits at the keyboard and can be asked. */
  readonly isInteractive: boolean;
  /** Asks on stderr; true only for a clear yes. */
  confirm(question: string): Promise<boolean>;
  /**
   * The signal of a command that ends at a safe point after Ctrl-C or SIGTERM; the message says where. Without a call the
   * process ends at once.
   */
  stopSignal(message: string): AbortSignal;
  /** Log lines to `write`, else to stderr. */
  logger(level: LogLevel, write?: (line: string, level: LogLevel) => void): Logger;
  /** Opens nothing yet: clients connect with their first request. */
  openConnection(options: ConnectionOptions): Promise<Connection>;
  openDestination(destination: DestinationConfig, log: Logger): Promise<Destination>;
}
