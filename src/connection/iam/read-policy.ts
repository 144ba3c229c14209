import type { TableRef } from '../../model/table.ts';
import { type PolicyDocument, policyOf, policySize, type Statement } from './policy-document.ts';

/** A table, view or name pattern (`orders-*`, the wildcards of which IAM has too) that is to be read. */
export interface PolicyTable {
  readonly ref: TableRef;
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
}

export interface ReadPolicies {
  /** What reading needs; more than one where the tables do not fit into one managed policy. */
  readonly documents: readonly PolicyDocument[];
  /** Whether table names were shortened to prefixes with `*`, so that the documents fit. */
  readonly widened: boolean;
}

/** IAM and STS quotas: characters of a managed policy, managed policies of a role. */
const MAX_POLICY_CHARACTERS = 6_144;
const MAX_POLICIES = 10;

const STREAM_ACTIONS = ['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'];
/** Shown by `discover` and `check`, used by nothing else. */
const SETTING_ACTIONS = ['dynamodb:DescribeTimeToLive', 'dynamodb:DescribeContinuousBackups'];

/**
 * Least-privilege policies for reading the tables; no tables means all tables of the account and region. `arnPrefix` ends
 * with `:table/`.
 */
export function readPolicies(tables: readonly PolicyTable[], arnPrefix: string): ReadPolicies {
  const selected = tables.length === 0 ? allTables() : tables;
  const exact = pack(statementsFor(selected, arnPrefix));
  if (exact.length <= MAX_POLICIES) return { documents: exact, widened: false };
  const byPrefix = pack(statementsFor(selected.map(widen), arnPrefix));
  if (byPrefix.length <= MAX_POLICIES) return { documents: byPrefix, widened: true };
  return { documents: pack(statementsFor(selected.map(widenFully), arnPrefix)), widened: true };
}

function allTables(): readonly PolicyTable[] {
  return [
    { ref: { table: '*', index: null }, method: 'LOG_BASED' },
    { ref: { table: '*', index: '*' }, method: 'FULL_TABLE' },
  ];
}

function statementsFor(tables: readonly PolicyTable[], arnPrefix: string): readonly Statement[] {
  const described = unique(tables.map(({ ref }) => arnPrefix + ref.table));
  const scanned = unique(tables.map(({ ref }) => arnPrefix + scanResource(ref)));
  const streams = unique(
    tables.filter(({ method }) => method === 'LOG_BASED').map(({ ref }) => `${arnPrefix}${ref.table}/stream/*`),
  );
  const allow = (sid: string, actions: readonly string[], resources: readonly string[]): Statement[] =>
    resources.length === 0 ? [] : [{ Sid: sid, Effect: 'Allow', Action: actions, Resource: resources }];
  return [
    // The call names no table, so no resource could narrow it.
    ...allow('List', ['dynamodb:ListTables'], ['*']),
    ...allow('Describe', ['dynamodb:DescribeTable'], described),
    ...allow('Scan', ['dynamodb:Scan'], scanned),
    ...allow('Streams', STREAM_ACTIONS, streams),
    ...allow('OptionalTableSettings', SETTING_ACTIONS, described),
  ];
}

function scanResource({ table, index }: TableRef): string {
  return index === null ? table : `${table}/index/${index}`;
}

/** Fills one policy after the other; a statement that does not fit goes on in the next. */
function pack(statements: readonly Statement[]): readonly PolicyDocument[] {
  const documents: PolicyDocument[] = [];
  let open: Statement[] = [];
  for (const { Resource, ...rest } of statements) {
    let resources: string[] = [];
    for (const resource of [Resource ?? []].flat()) {
      const grown = [...open, { ...rest, Resource: [...resources, resource] }];
      if (policySize(policyOf(grown)) > MAX_POLICY_CHARACTERS) {
        documents.push(policyOf(resources.length === 0 ? open : [...open, { ...rest, Resource: resources }]));
        open = [];
        resources = [];
      }
      resources.push(resource);
    }
    open.push({ ...rest, Resource: resources });
  }
  return [...documents, policyOf(open)];
}

/** `prod-orders-2024` becomes `prod-*`: up to its first separator, so that the tables of one application fall together. */
function widen({ ref, method }: PolicyTable): PolicyTable {
  const prefix = /^[^-_.*?]*[-_.]/.exec(ref.table)?.[0] ?? '';
  return { ref: { table: `${prefix}*`, index: ref.index === null ? null : '*' }, method };
}

function widenFully({ ref, method }: PolicyTable): PolicyTable {
  return { ref: { table: '*', index: ref.index === null ? null : '*' }, method };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}
