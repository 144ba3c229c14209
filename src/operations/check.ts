import { type Connection, createConnection } from '../connection/clients.ts';
import { checkStep, type Finding, skipped, succeeded, warning } from '../connection/finding.ts';
import { probeEndpoint, probeIdentity } from '../connection/probe.ts';
import { isKnownRegion, nearestRegion, validateRegion } from '../connection/region.ts';
import { checkTable } from '../discovery/check-table.ts';
import type { TableSelection } from '../discovery/selection.ts';
import type { Destination } from '../load/destination.ts';
import type { CheckStep } from '../model/check-step.ts';
import type { ConnectionOptions } from '../model/connection-options.ts';
import { formatTableRef } from '../model/table.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import { type ChangeCapabilities, checkTakesChanges } from './takes-changes.ts';

export interface CheckRequest {
  readonly connection: ConnectionOptions;
  readonly tables: readonly TableSelection[];
  /** Null: only the source is checked. */
  readonly destination: CheckedDestination | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type CheckedDestination = Pick<Destination, 'check'> & { readonly capabilities: ChangeCapabilities };

/** AWS refuses signatures that are 5 minutes off, although the SDK corrects for what it has seen. */
const SKEW_WARNING_MS = 60_000;

/**
 * Everything that a run needs, one finding at a time: region, identity, roles, endpoint, clock, each selected table, the
 * destination. Costs half a read unit for each table, and a GetRecords for each that follows its stream. A failure is a step; only an abort and a defect of Tributary throw.
 */
export async function* check(request: CheckRequest): AsyncGenerator<CheckStep, void, undefined> {
  const { connection: options, destination, signal } = request;
  const region = await checkStep(`Region ${options.region}`, signal, async () => checkRegion(options));
  yield region;
  if (region.status !== 'failed') {
    const connection = createConnection(options, { clock: request.clock });
    try {
      yield* checkSource(connection, request);
    } finally {
      connection.close();
    }
  }
  if (destination !== null) yield* checkDestination(destination, signal);
}

async function* checkSource(connection: Connection, request: CheckRequest): AsyncGenerator<CheckStep, void, undefined> {
  const { tables, clock, signal } = request;
  for await (const found of checkIdentities(connection, signal)) {
    yield found;
    // Whoever cannot become the reader learns nothing from the refusals that follow from it.
    if (found.status === 'failed') return;
  }
  let answeredAtMs: number | null = null;
  const endpoint = await checkStep('ListTables', signal, async () => {
    try {
      const probe = await probeEndpoint(connection, signal);
      answeredAtMs = probe.answeredAtMs;
      const message = probe.hasTables ? 'Tables can be listed' : 'There is no table in this account and region';
      return probe.hasTables ? succeeded(message) : warning(message, 'Check the account and the region of the source');
    } catch (error) {
      // Only discover needs to list; tables that are named in the configuration can be read without.
      if (error instanceof TributaryError && error.code === 'ACCESS_DENIED') return warning(error.message, error.hint);
      throw error;
    }
  });
  yield endpoint;
  if (endpoint.status === 'failed') return;
  if (answeredAtMs !== null) yield checkClock(answeredAtMs, clock.now());
  if (tables.length === 0) {
    yield { name: 'Tables', ...warning('No table is selected', 'Run tributary discover and tributary select') };
  }
  for (const selection of tables) {
    yield* checkTable(connection, selection, signal);
    if (request.destination !== null && selection.method === 'LOG_BASED') {
      yield await checkChanges(selection, {
        source: connection.options.source,
        destination: request.destination,
        signal,
      });
    }
  }
}

interface ChangesCheck {
  readonly source: string;
  readonly destination: CheckedDestination;
  readonly signal: AbortSignal;
}

async function checkChanges(
  { ref, method, deletes }: TableSelection,
  { source, destination, signal }: ChangesCheck,
): Promise<CheckStep> {
  const table = formatTableRef(ref);
  return await checkStep(`Destination ${table}`, signal, async () => {
    await checkTakesChanges({ table, method, deletes }, { source, capabilities: destination.capabilities });
    return succeeded('It takes changes');
  });
}

async function checkRegion({ region, endpoint }: ConnectionOptions): Promise<Finding> {
  validateRegion(region, { local: endpoint !== null });
  if (endpoint !== null) return succeeded(`Not used to find AWS: the endpoint is ${endpoint}`);
  if (isKnownRegion(region)) return succeeded('A region of AWS');
  return warning(
    'This version does not know the region',
    `If it is not a new one: did you mean ${nearestRegion(region)}?`,
  );
}

async function* checkIdentities(
  connection: Connection,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, undefined> {
  const { credentials, options } = connection;
  const withoutSts = options.endpoint !== null && options.stsEndpoint === null;
  if (withoutSts && credentials.roles.length === 0) {
    yield { name: 'Identity', ...skipped('A local DynamoDB has no STS to ask') };
    return;
  }
  const identityOf = async (cache: typeof credentials.base): Promise<Finding> => {
    const { arn, accountId } = await probeIdentity(connection, cache, signal);
    return succeeded(`${arn} of account ${accountId}`);
  };
  yield await checkStep('Identity', signal, () => identityOf(credentials.base));
  for (const { role, credentials: session } of credentials.roles) {
    yield await checkStep(`Role ${role.roleArn}`, signal, () => identityOf(session));
  }
}

function checkClock(answeredAtMs: number, nowMs: number): CheckStep {
  const skewMs = Math.abs(nowMs - answeredAtMs);
  // The Date header has whole seconds, and the answer was on its way for a while.
  const seconds = Math.round(skewMs / 1000);
  const finding =
    skewMs < SKEW_WARNING_MS
      ? succeeded('The clock of this machine agrees with that of the endpoint')
      : warning(
          `The clock of this machine is ${seconds} s away from that of the endpoint`,
          'Set the clock of this machine, for example with NTP',
        );
  return { name: 'Clock', ...finding };
}

async function* checkDestination(
  destination: Pick<Destination, 'check'>,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, undefined> {
  try {
    yield* destination.check({ signal });
  } catch (error) {
    yield await checkStep('Destination', signal, () => Promise.reject(error));
  }
}
