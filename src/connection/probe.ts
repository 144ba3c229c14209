import { ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { TableRef } from '../model/table.ts';
import type { Connection } from './clients.ts';
import type { CredentialCache } from './credential-cache.ts';
import { mapAwsError } from './errors.ts';
import { answeredAtMs, isHttpAnswer } from './whole-answer.ts';

export interface CallerIdentity {
  readonly arn: string;
  /** 12 digits. */
  readonly accountId: string;
}

/** Who the credentials are. Needs no permission and is free. */
export async function probeIdentity(
  { sts, options }: Connection,
  credentials: CredentialCache,
  signal: AbortSignal,
): Promise<CallerIdentity> {
  const client = sts(credentials);
  try {
    const { Arn: arn, Account: accountId } = await client.send(new GetCallerIdentityCommand({}), {
      abortSignal: signal,
    });
    return { arn: arn ?? '', accountId: accountId ?? '' };
  } catch (error) {
    throw mapAwsError(error, { action: 'sts:GetCallerIdentity', options, signal });
  }
}

export interface EndpointProbe {
  readonly hasTables: boolean;
  /** By the clock of the endpoint. */
  readonly answeredAtMs: number | null;
}

/** Whether the endpoint answers and tables may be listed. Free. */
export async function probeEndpoint({ dynamodb, options }: Connection, signal: AbortSignal): Promise<EndpointProbe> {
  const command = new ListTablesCommand({ Limit: 1 });
  let answered: number | null = null;
  command.middlewareStack.addRelativeTo(
    readDate((ms) => {
      answered = ms;
    }),
    { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'readDate' },
  );
  try {
    const { TableNames: names } = await dynamodb.send(command, { abortSignal: signal });
    return { hasTables: (names ?? []).length > 0, answeredAtMs: answered };
  } catch (error) {
    throw mapAwsError(error, { action: 'dynamodb:ListTables', options, signal });
  }
}

/**
 * Whether the table or index may be scanned, by a Scan that counts one item. Resolves to what it cost: half a read unit
 * for an item up to 4 KB. Nothing of the item is answered.
 */
export async function probeScan(
  { dynamodb, options }: Connection,
  { table, index }: TableRef,
  signal: AbortSignal,
): Promise<{ readonly capacityUnits: number }> {
  const command = new ScanCommand({
    TableName: table,
    ...(index === null ? {} : { IndexName: index }),
    Select: 'COUNT',
    Limit: 1,
    ReturnConsumedCapacity: 'TOTAL',
  });
  try {
    const { ConsumedCapacity: consumed } = await dynamodb.send(command, { abortSignal: signal });
    return { capacityUnits: consumed?.CapacityUnits ?? 0 };
  } catch (error) {
    throw mapAwsError(error, { action: 'dynamodb:Scan', table, index, options, signal });
  }
}

function readDate(take: (answeredAtMs: number | null) => void) {
  return <Request extends object, Result extends { response: unknown }>(next: (args: Request) => Promise<Result>) =>
    async (args: Request): Promise<Result> => {
      const result = await next(args);
      if (isHttpAnswer(result.response)) take(answeredAtMs(result.response));
      return result;
    };
}
