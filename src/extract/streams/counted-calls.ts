import type { StreamCalls } from '../../connection/stream-calls.ts';
import { TributaryError } from '../../platform/errors.ts';

export interface CallCounts {
  calls: number;
  /** Calls that were refused for their rate. */
  throttles: number;
}

/** The same calls, counted. */
export function countedCalls(calls: StreamCalls, counts: CallCounts, onThrottle: () => void): StreamCalls {
  const counted = async <Answer>(call: Promise<Answer>): Promise<Answer> => {
    counts.calls += 1;
    try {
      return await call;
    } catch (error) {
      if (error instanceof TributaryError && error.code === 'THROTTLED') {
        counts.throttles += 1;
        onThrottle();
      }
      throw error;
    }
  };
  return {
    describe: (request, options) => counted(calls.describe(request, options)),
    iterator: (request, options) => counted(calls.iterator(request, options)),
    records: (request, options) => counted(calls.records(request, options)),
  };
}
