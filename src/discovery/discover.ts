import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { Connection } from '../connection/clients.ts';
import { mapAwsError } from '../connection/errors.ts';
import { backoffMs } from '../platform/backoff.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { CatalogEntry, CatalogTable, Unsupported } from './catalog.ts';
import { describeTable } from './describe-table.ts';

/** Control-plane reads share one limit for all users of the account: ask politely. */
const DESCRIBES_IN_FLIGHT = 10;
const THROTTLE_BACKOFF = { firstMs: 500, maxMs: 10_000 };
const MAX_THROTTLES = 8;
/** Table states in which items cannot be read, and will not be without an action of the owner. */
const UNREADABLE = new Set(['ARCHIVING', 'ARCHIVED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS']);

/**
 * All tables of the account and region, by name. A table that cannot be described or read is in the list with the
 * reason; only a refused ListTables, lost credentials or a lost connection fail the whole. Free of charge.
 */
export async function discoverTables(
  connection: Connection,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly CatalogEntry[]> {
  return await describeTables(connection, await listTableNames(connection, options), options);
}

/** Entries of the tables named, in the order given. */
export async function describeTables(
  connection: Connection,
  names: readonly string[],
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly CatalogEntry[]> {
  const entries: CatalogEntry[] = [];
  const waiting = names.entries();
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const work = async (): Promise<void> => {
    for (const [position, name] of waiting) {
      entries[position] = await describeEntry(connection, name, { clock: options.clock, signal });
    }
  };
  const lanes = Math.min(DESCRIBES_IN_FLIGHT, connection.options.maxConnections);
  try {
    await Promise.all(Array.from({ length: lanes }, work));
  } catch (error) {
    // The other lanes would go on asking for an answer that nobody reads.
    failure.abort(error);
    throw error;
  }
  return entries;
}

/** The names of all tables of the account and region, in order. Rejects with ACCESS_DENIED where listing is. */
export async function listTableNames(
  connection: Connection,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const names: string[] = [];
  let from: string | undefined;
  do {
    const command = new ListTablesCommand(from === undefined ? {} : { ExclusiveStartTableName: from });
    const page = await whileThrottled({ clock, signal }, async () => {
      try {
        return await connection.dynamodb.send(command, { abortSignal: signal });
      } catch (error) {
        throw mapAwsError(error, { action: 'dynamodb:ListTables', options: connection.options, signal });
      }
    });
    names.push(...(page.TableNames ?? []));
    from = page.LastEvaluatedTableName;
  } while (from !== undefined);
  return names;
}

async function describeEntry(
  connection: Connection,
  name: string,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<CatalogEntry> {
  try {
    const table = await whileThrottled(options, () => describeTable(connection, name, options.signal));
    return { name, table, unsupported: unreadable(table) };
  } catch (error) {
    if (!(error instanceof TributaryError) || !concernsOneTable(error)) throw error;
    return { name, table: null, unsupported: { code: error.code, message: error.message, hint: error.hint } };
  }
}

function concernsOneTable({ code }: TributaryError): boolean {
  return code === 'ACCESS_DENIED' || code === 'TABLE_NOT_FOUND' || code === 'REQUEST_REFUSED';
}

function unreadable(table: CatalogTable): Unsupported | null {
  if (!UNREADABLE.has(table.status)) return null;
  return {
    code: 'TABLE_NOT_READY',
    message: `${table.name} has the status ${table.status}: its items cannot be read`,
    hint: table.status.startsWith('ARCHIV')
      ? 'Restore the table from the backup that the archiving made'
      : 'Give DynamoDB access to the KMS key of the table again',
  };
}

async function whileThrottled<T>(
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'THROTTLED' || attempt === MAX_THROTTLES) throw error;
      await clock.sleep(backoffMs(attempt, THROTTLE_BACKOFF), signal);
    }
  }
}
