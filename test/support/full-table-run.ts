import { replicateFullTable } from '../../src/replication/full-table.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { connectTo } from './local-connection.ts';
import { type TableRunOptions, tableReplication } from './table-run.ts';

/** A full-table run as `sync` makes it, of one table of the simulator. */
export async function runFullTable({
  simulator,
  ...options
}: TableRunOptions & { readonly simulator: Simulator }): Promise<{
  readonly version: number;
  readonly rowCount: number;
}> {
  const connection = connectTo(simulator);
  try {
    return await replicateFullTable(tableReplication(connection, options));
  } finally {
    connection.close();
  }
}
