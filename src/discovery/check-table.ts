import type { Connection } from '../connection/clients.ts';
import { checkStep, type Finding, skipped, succeeded, warning } from '../connection/finding.ts';
import { probeScan } from '../connection/probe.ts';
import type { CheckStep } from '../model/check-step.ts';
import { formatTableRef } from '../model/table.ts';
import { formatBytes, formatCount, plural } from '../platform/format.ts';
import type { CatalogTable, PointInTimeRecovery, TimeToLive } from './catalog.ts';
import { describePointInTimeRecovery, describeTable, describeTimeToLive } from './describe-table.ts';
import { expiryAttribute } from './expiry-attribute.ts';
import { checkSelection, type TableSelection } from './selection.ts';
import { streamSteps } from './stream-steps.ts';

/** What one selected table needs and has. Costs the Scan of one item, and a GetRecords where a stream is followed. */
export async function* checkTable(
  connection: Connection,
  selection: TableSelection,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, undefined> {
  const { ref } = selection;
  const name = formatTableRef(ref);
  const described: { table?: CatalogTable } = {};
  const description = await checkStep(`DescribeTable ${name}`, signal, async () => {
    described.table = await describeTable(connection, ref.table, signal);
    return summary(described.table);
  });
  yield description;
  const { table } = described;
  if (table === undefined) return;
  yield await checkStep(`Selection ${name}`, signal, async () => {
    const projection = checkSelection(selection, table);
    const attributes = projection === null ? 'all attributes' : projection.expression;
    return succeeded(`${selection.method} with ${attributes}`);
  });
  yield await checkStep(`Scan ${name}`, signal, async () => {
    const { capacityUnits } = await probeScan(connection, ref, signal);
    return succeeded(`One item was read; it cost ${capacityUnits} RCU`);
  });
  yield { name: `Stream ${name}`, ...streamFinding(table) };
  const { enabled, arn: streamArn } = table.stream;
  if (selection.method === 'LOG_BASED' && ref.index === null && enabled && streamArn !== null) {
    yield* streamSteps(connection, { table: name, streamArn }, signal);
  }
  yield await checkStep(`TTL ${name}`, signal, async () => {
    const timeToLive = await describeTimeToLive(connection, ref.table, signal);
    if (selection.method === 'LOG_BASED' && selection.ttlDeletes === 'ignore') {
      expiryAttribute(name, { timeToLive, projection: checkSelection(selection, table) });
    }
    return timeToLiveFinding(timeToLive);
  });
  yield await checkStep(`PITR ${name}`, signal, async () =>
    recoveryFinding(await describePointInTimeRecovery(connection, ref.table, signal)),
  );
}

function summary(table: CatalogTable): Finding {
  const key = table.key.map(({ name, type }) => `${name} (${type})`).join(', ');
  const capacity =
    table.provisionedReadUnits === null ? 'on demand' : `${formatCount(table.provisionedReadUnits)} RCU provisioned`;
  const counts = `about ${plural(table.itemCount, 'item')}, ${formatBytes(table.sizeBytes)}`;
  const message = `Key ${key}; ${counts}; ${capacity}; status ${table.status}`;
  if (table.status === 'ACTIVE' || table.status === 'UPDATING') return succeeded(message);
  return warning(message, 'Wait until the table is ACTIVE; a run waits for a while by itself');
}

function streamFinding({ stream }: CatalogTable): Finding {
  return stream.enabled ? succeeded(`Enabled, view type ${stream.viewType}`) : succeeded('Not enabled');
}

function timeToLiveFinding(setting: TimeToLive): Finding {
  if (setting.state === 'unsupported') return skipped('The endpoint does not tell');
  if (setting.state === 'denied') return denied('dynamodb:DescribeTimeToLive', setting.reason);
  return succeeded(
    setting.state === 'on'
      ? `Items expire by ${setting.attribute}; expired ones are read until DynamoDB has deleted them, up to some days later`
      : 'Off',
  );
}

function recoveryFinding(setting: PointInTimeRecovery): Finding {
  if (setting.state === 'unsupported') return skipped('The endpoint does not tell');
  if (setting.state === 'denied') return denied('dynamodb:DescribeContinuousBackups', setting.reason);
  return succeeded(setting.state === 'on' ? 'On' : 'Off');
}

function denied(action: string, reason: string): Finding {
  return warning(reason, `Nothing but this display needs ${action}; allow it or leave it`);
}
