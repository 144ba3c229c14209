import type { StreamCalls } from '../../connection/stream-calls.ts';
import { TributaryError } from '../../platform/errors.ts';

/** The same calls; `onThrottle` hears of each that is refused for its rate. */
export function withNotedThrottles(calls: StreamCalls, onThrottle: () => void): StreamCalls {
  const noted = async <Answer>(call: Promise<Answer>): Promise<Answer> => {
    try {
      return await call;
    } catch (error) {
      if (error instanceof TributaryError && error.code === 'THROTTLED') onThrottle();
      throw error;
    }
  };
  return {
    describe: (request, options) => noted(calls.describe(request, options)),
    iterator: (request, options) => noted(calls.iterator(request, options)),
    records: (request, options) => noted(calls.records(request, options)),
  };
}
