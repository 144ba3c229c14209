import type { Fault } from './faults.ts';
import type { RequestSummary } from './request-summary.ts';

export interface LoggedRequest extends RequestSummary {
  /** Null until it is answered, and where the connection was broken instead. */
  status: number | null;
  fault: Fault['kind'] | null;
  /** Name of the exception that it was answered with. */
  error: string | null;
  /** Of a Scan that was answered. */
  itemCount: number;
  lastEvaluatedKey: string | null;
}

/** Members that are given must be equal; `fault: null` asks for requests that nothing was done to. */
type RequestFilter = Partial<
  Pick<LoggedRequest, 'action' | 'table' | 'index' | 'segment' | 'shard' | 'status' | 'fault' | 'error'>
>;

/** Every request since the start or the last `clear`, in order of arrival. */
export interface RequestLog {
  all(filter?: RequestFilter): readonly LoggedRequest[];
  count(filter?: RequestFilter): number;
  /** Scan calls of a table, so that a test can prove that no finished segment was read again. */
  scans(table: string): readonly LoggedRequest[];
  /** Resolves when `count` matching requests have arrived, at once where they have. */
  reached(filter: RequestFilter, count: number): Promise<void>;
  clear(): void;
}

export interface WritableRequestLog extends RequestLog {
  arrived(summary: RequestSummary): LoggedRequest;
}

export function createRequestLog(): WritableRequestLog {
  let requests: LoggedRequest[] = [];
  let waiting: { readonly filter: RequestFilter; readonly count: number; readonly resolve: () => void }[] = [];
  const all = (filter: RequestFilter = {}): LoggedRequest[] => requests.filter((request) => passes(request, filter));
  const wake = (): void => {
    const due = waiting.filter(({ filter, count }) => all(filter).length >= count);
    waiting = waiting.filter((waiter) => !due.includes(waiter));
    for (const { resolve } of due) resolve();
  };
  return {
    all,
    count: (filter) => all(filter).length,
    scans: (table) => all({ action: 'Scan', table }),
    reached: (filter, count) =>
      new Promise((resolve) => {
        waiting.push({ filter, count, resolve });
        wake();
      }),
    clear: () => {
      requests = [];
    },
    arrived: (summary) => {
      const request = { ...summary, status: null, fault: null, error: null, itemCount: 0, lastEvaluatedKey: null };
      requests.push(request);
      if (waiting.length > 0) wake();
      return request;
    },
  };
}

function passes(request: LoggedRequest, filter: RequestFilter): boolean {
  return (
    (filter.action ?? request.action) === request.action &&
    (filter.table === undefined || filter.table === request.table) &&
    (filter.index === undefined || filter.index === request.index) &&
    (filter.segment === undefined || filter.segment === request.segment) &&
    (filter.shard === undefined || filter.shard === request.shard) &&
    (filter.error === undefined || filter.error === request.error) &&
    (filter.status === undefined || filter.status === request.status) &&
    (filter.fault === undefined || filter.fault === request.fault)
  );
}
