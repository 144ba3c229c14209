import type { SourceConfig } from '../config/tributary-config.ts';
import type { Connection } from '../connection/clients.ts';
import type { Destination } from '../load/destination.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';

/** What a person asks about selected tables of a source, or wants to be done to them, outside of a run. */
export interface TablesRequest {
  readonly source: SourceConfig;
  /** Only these tables; empty means all of them. */
  readonly tables: readonly string[];
  readonly connection: Connection;
  readonly destination: Destination;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}
