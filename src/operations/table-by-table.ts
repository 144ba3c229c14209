import { TributaryError, toTributaryError } from '../platform/errors.ts';

/** Something that is to be done to a table. */
interface TableChange {
  readonly table: string;
  make(): Promise<void>;
}

/**
 * Makes the changes, one after the other. What is done stays done: when one fails, the error says which tables are done
 * already.
 */
export async function tableByTable(changes: readonly TableChange[]): Promise<void> {
  const done: string[] = [];
  for (const { table, make } of changes) {
    try {
      await make();
    } catch (error) {
      throw done.length === 0 ? error : withDoneTables(toTributaryError(error), done);
    }
    done.push(table);
  }
}

function withDoneTables(cause: TributaryError, done: readonly string[]): TributaryError {
  const doneTables = done.join(', ');
  return new TributaryError(cause.code, cause.message, {
    hint: `Done already: ${doneTables}. ${cause.hint}`,
    context: { ...cause.context, doneTables },
    kind: cause.kind,
    cause,
  });
}
