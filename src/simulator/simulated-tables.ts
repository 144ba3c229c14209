import type { Account } from './account.ts';
import { parseAttributes } from './attribute-value.ts';
import type { Fields } from './request-fields.ts';
import type { Table, TableStatus } from './table.ts';
import { createTable } from './table-actions.ts';

/** An item or a key as DynamoDB JSON, such as `{ pk: { S: 'a' }, n: { N: '1' } }`. */
type ItemJson = Fields;

/** Tables by hand, without HTTP. Errors: as the service answers them, thrown. */
export interface SimulatedTables {
  /** Takes what a CreateTable request holds. The table is ACTIVE at once. */
  create(request: Fields): void;
  putItems(table: string, items: Iterable<ItemJson>): void;
  deleteItems(table: string, keys: Iterable<ItemJson>): void;
  /** Every item as DynamoDB JSON text, in Scan order. */
  items(table: string): readonly string[];
  names(): readonly string[];
  setStatus(table: string, status: TableStatus): void;
  setIndexStatus(table: string, index: string, status: TableStatus): void;
  /** What DescribeTable claims from now on: the real figures are up to six hours old. Null: what is true. */
  reportStatistics(table: string, statistics: Table['reportedStatistics']): void;
}

export function createTables(account: Account): SimulatedTables {
  return {
    create: (request) => {
      createTable(account, request);
    },
    putItems: (name, items) => {
      const table = account.table(name);
      for (const item of items) table.put(parseAttributes(item));
    },
    deleteItems: (name, keys) => {
      const table = account.table(name);
      for (const key of keys) table.delete(parseAttributes(key));
    },
    items: (name) =>
      account
        .table(name)
        .entries(null)
        .map((entry) => entry.json),
    names: () => account.tableNames(),
    setStatus: (name, status) => {
      account.table(name).status = status;
    },
    setIndexStatus: (name, index, status) => {
      account.table(name).indexStatuses.set(index, status);
    },
    reportStatistics: (name, statistics) => {
      account.table(name).reportedStatistics = statistics;
    },
  };
}
