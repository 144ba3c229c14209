import type { Clock } from '../platform/clock.ts';
import { type CapacityGate, createCapacityGate, UNLIMITED_CAPACITY } from './capacity.ts';
import { modelError, tableNotFound, validationError } from './service-error.ts';
import { createStreamRegistry, type StreamRegistry } from './stream-registry.ts';
import { Table } from './table.ts';
import { checkedName, type TableDefinition } from './table-definition.ts';

/** The tables of one account in one region. */
export interface Account {
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
  readonly capacity: CapacityGate;
  readonly streams: StreamRegistry;
  /** Names in order. */
  tableNames(): readonly string[];
  /** `name` is a table's name or ARN. Errors: ResourceNotFoundException. */
  table(name: string | undefined): Table;
  /** Like `table`, for reads and writes of items, which a table that is not there yet or no more refuses. */
  usableTable(name: string | undefined): Table;
  create(definition: TableDefinition): Table;
  drop(name: string | undefined): Table;
  tableArn(name: string): string;
}

interface AccountOptions {
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
  readonly enforceCapacity: boolean;
  readonly enforceStreamLimits: boolean;
  /** Null: shards are closed on command only. */
  readonly rollShardsEveryMs: number | null;
}

export function createAccount(options: AccountOptions): Account {
  const { region, accountId, clock } = options;
  const tables = new Map<string, Table>();
  let sortedNames: readonly string[] | null = null;

  const tableArn = (name: string): string => `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
  const streams = createStreamRegistry({
    now: () => clock.now(),
    tableArn,
    enforceLimits: options.enforceStreamLimits,
    rollEveryMs: options.rollShardsEveryMs,
  });
  const table = (name: string | undefined): Table => {
    const plain = tableNameOf(name);
    const found = tables.get(plain);
    if (found === undefined) throw tableNotFound(plain);
    return found;
  };

  return {
    region,
    accountId,
    clock,
    capacity: options.enforceCapacity ? createCapacityGate(() => clock.now()) : UNLIMITED_CAPACITY,
    streams,
    tableNames: () => {
      sortedNames ??= [...tables.keys()].sort();
      return sortedNames;
    },
    table,
    usableTable: (name) => {
      const found = table(name);
      if (found.status === 'CREATING' || found.status === 'DELETING') {
        throw modelError('ResourceNotFoundException', 'Requested resource not found');
      }
      return found;
    },
    create: (definition) => {
      if (tables.has(definition.name)) {
        throw modelError('ResourceInUseException', `Table already exists: ${definition.name}`);
      }
      const created = new Table(definition, { nowMs: clock.now(), streams });
      tables.set(definition.name, created);
      sortedNames = null;
      return created;
    },
    drop: (name) => {
      const dropped = table(name);
      if (dropped.definition.deletionProtection) {
        throw validationError(
          'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
        );
      }
      tables.delete(dropped.definition.name);
      dropped.stopStream();
      sortedNames = null;
      return dropped;
    },
    tableArn,
  };
}

/** TableName takes an ARN too. */
export function tableNameOf(name: string | undefined): string {
  return checkedName(name === undefined ? undefined : name.replace(/^arn:[^:]+:dynamodb:[^:]*:[^:]*:table\//, ''));
}
