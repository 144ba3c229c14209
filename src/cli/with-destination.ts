import type { DestinationConfig } from '../config/tributary-config.ts';
import type { Logger } from '../platform/logger.ts';
import type { CliContext, Destination } from './context.ts';

interface WithDestination {
  readonly context: CliContext;
  readonly destination: DestinationConfig;
  readonly log: Logger;
}

/** Opens a destination for as long as `use` runs. An error of closing counts only where `use` had none. */
export async function withDestination<Result>(
  { context, destination, log }: WithDestination,
  use: (destination: Destination) => Promise<Result>,
): Promise<Result> {
  const opened = await context.openDestination(destination, log);
  let result: Result;
  try {
    result = await use(opened);
  } catch (error) {
    await opened
      .close()
      .catch((closing: unknown) => log.warning(`Closing ${destination.name} failed: ${String(closing)}`));
    throw error;
  }
  await opened.close();
  return result;
}
