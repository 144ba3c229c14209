import type { Connection } from '../connection/clients.ts';
import type { CatalogEntry, CatalogTable } from '../discovery/catalog.ts';
import { describeTables } from '../discovery/discover.ts';
import { parseExpressionAttributes } from '../discovery/projection/expression-attributes.ts';
import { checkSelection, checkSettings } from '../discovery/selection.ts';
import type { ParsedProjection } from '../model/projection.ts';
import { parseTableRef } from '../model/table.ts';
import type { ErrorKind } from '../platform/error-policy.ts';
import { TributaryError } from '../platform/errors.ts';
import type { ReplicatedTable } from '../replication/create-replications.ts';
import type { CatalogStream } from '../singer/catalog.ts';
import type { TapSurroundings } from './discover.ts';
import { tapError } from './tap-error.ts';

interface ChooseOptions {
  readonly connection: Connection;
  readonly consistentRead: boolean;
  /**
   * Streams that go on with a bookmark of the log: what has become of the stream of the table since is not judged here, so
   * that it can be answered as a gap.
   */
  readonly followed: ReadonlySet<string>;
}

/**
 * How the tables of the streams are replicated, each judged by what DynamoDB says about it now. Rejects before anything is
 * written, with one error for all that is wrong.
 */
export async function chosenTables(
  streams: readonly CatalogStream[],
  { connection, ...options }: ChooseOptions,
  { clock, signal }: Pick<TapSurroundings, 'clock' | 'signal'>,
): Promise<readonly ReplicatedTable[]> {
  const names = streams.map(({ stream }) => stream);
  const entries = await describeTables(connection, names, { clock, signal });
  const failures: TributaryError[] = [];
  const tables: ReplicatedTable[] = [];
  for (const [index, stream] of streams.entries()) {
    try {
      tables.push(replicatedTable(stream, describedTable(stream, entries[index]), options));
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      failures.push(tapError(withStream(error, stream), stream.stream));
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) return tables;
  if (others.length === 0) throw first;
  const list = failures.map(({ message, hint }) => `\n- ${message}. ${hint}`).join('');
  throw new TributaryError('SELECTION_INVALID', `${failures.length} streams cannot be replicated:${list}`, {
    hint: 'Correct the catalog, or deselect these streams',
    kind: mostSerious(failures.map(({ kind }) => kind)),
  });
}

/** What is wrong with an expression is said without the table that has it. */
function withStream(error: TributaryError, { stream }: CatalogStream): TributaryError {
  const { code, message, hint, cause } = error;
  if (code !== 'PROJECTION_INVALID') return error;
  return new TributaryError(code, `${stream}: ${message}`, { hint, cause });
}

function describedTable({ stream }: CatalogStream, entry: CatalogEntry | undefined): CatalogTable {
  if (entry?.table && !entry.unsupported) return entry.table;
  const { code, message, hint } = entry?.unsupported ?? {
    code: 'BUG',
    message: `${stream} was not described`,
    hint: '',
  };
  throw new TributaryError(code, message, { hint });
}

function replicatedTable(
  { stream, method, projection, expressionAttributes }: CatalogStream,
  table: CatalogTable,
  { consistentRead, followed }: Omit<ChooseOptions, 'connection'>,
): ReplicatedTable {
  // What the Python tap does; Singer has no other way to say that an item was deleted.
  const changes = { deletes: 'soft', keepLastImage: false, ttlDeletes: 'replicate' } as const;
  const selection = {
    ...{ ref: parseTableRef(stream), method, projection, consistentRead, ...changes },
    expressionAttributes: parseExpressionAttributes(expressionAttributes ?? ''),
  };
  const parsed: ParsedProjection | null = followed.has(stream)
    ? checkSettings(selection, table)
    : checkSelection(selection, table);
  return {
    ...{ table: stream, method, projection: parsed, consistentRead, ...changes },
    stripGlobalTableAttributes: false,
    onGap: 'resync',
  };
}

const BY_SERIOUSNESS: readonly ErrorKind[] = ['bug', 'data', 'permission', 'user', 'transient', 'cancelled'];

/** Of several failures the one that decides what has to be done: to run again helps only where all may pass by themselves. */
export function mostSerious(kinds: readonly ErrorKind[]): ErrorKind {
  return BY_SERIOUSNESS.find((kind) => kinds.includes(kind)) ?? 'bug';
}
