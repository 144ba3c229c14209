import type { Gate } from './gate.ts';
import type { RequestSummary } from './request-summary.ts';
import {
  frameworkError,
  modelError,
  ServiceError,
  type Throttle,
  throttled,
  trimmedDataAccess,
} from './service-error.ts';

/** What goes wrong. Faults before the work leave the tables as they were; broken answers come after it. */
export type Fault =
  | {
      readonly kind: 'throttle';
      readonly error: Throttle;
    }
  | { readonly kind: 'server-error'; readonly status: 500 | 503 }
  /** A load balancer's page instead of an answer. */
  | { readonly kind: 'html-503' }
  | { readonly kind: 'access-denied' }
  | { readonly kind: 'expired-credentials' }
  /** The client's clock is behind that of the service by `skewMs`: the message says so and the Date header shows it. */
  | { readonly kind: 'clock-skew'; readonly skewMs: number }
  /** Any other error of the service, by its name. */
  | { readonly kind: 'error'; readonly error: string; readonly message: string; readonly status?: number }
  /** TCP reset before the head of the answer. */
  | { readonly kind: 'reset' }
  /** TCP reset in the middle of the body. */
  | { readonly kind: 'reset-mid-body' }
  /** 200 without a body. */
  | { readonly kind: 'empty-body' }
  /** 200 whose JSON stops in the middle; the framing is sound, so that only the content shows it. */
  | { readonly kind: 'cut-body'; readonly framing: 'content-length' | 'chunked' }
  | { readonly kind: 'wrong-crc32' }
  /** The head and half of the body; the rest when the gate opens. */
  | { readonly kind: 'slow-body'; readonly gate: Gate }
  /** Nothing until the gate opens. */
  | { readonly kind: 'slow-answer'; readonly gate: Gate }
  /** A page of a Scan without items that has a LastEvaluatedKey; an answer of GetRecords without the records that are there. */
  | { readonly kind: 'empty-page' }
  /** An answer of GetRecords with this many records at most. */
  | { readonly kind: 'short-page'; readonly records: number }
  /** TrimmedDataAccessException although nothing was trimmed, as DynamoDB Local answers for idle shards. */
  | { readonly kind: 'false-trim' }
  /** GetShardIterator refuses AT_SEQUENCE_NUMBER with the StartingSequenceNumber of the shard; others pass. */
  | { readonly kind: 'refuse-start' };

interface FaultRule {
  /** Action of DynamoDB, its streams or STS; every action where absent. */
  readonly action?: string;
  readonly table?: string;
  readonly segment?: number;
  /** Id of the shard that is described, read or filtered by. */
  readonly shard?: string;
  /** Matching requests that come before the rule begins, those that other rules struck included. */
  readonly after?: number;
  /** Default 1. */
  readonly times?: number | 'always';
  /** The rule ends at this time of the simulator's clock. */
  readonly untilMs?: number;
  readonly fault: Fault;
}

interface ActiveFault {
  /** How often it has struck. */
  readonly fired: number;
  remove(): void;
}

export interface FaultControl {
  /** The first rule added that matches a request decides. A rule with `untilMs` and no `times` strikes until then. */
  add(rule: FaultRule): ActiveFault;
  clear(): void;
}

export interface Faults extends FaultControl {
  /** The fault for this request, or null. Counts it. */
  strike(request: RequestSummary): Fault | null;
}

export function createFaults(now: () => number): Faults {
  const active: { readonly rule: FaultRule; seen: number; fired: number }[] = [];
  return {
    add: (rule) => {
      const entry = { rule, seen: 0, fired: 0 };
      active.push(entry);
      return {
        get fired() {
          return entry.fired;
        },
        remove: () => {
          const index = active.indexOf(entry);
          if (index >= 0) active.splice(index, 1);
        },
      };
    },
    clear: () => {
      active.length = 0;
    },
    strike: (request) => {
      const matching = active.filter(({ rule }) => matches(rule, request) && now() < (rule.untilMs ?? Infinity));
      for (const entry of matching) entry.seen++;
      const struck = matching.find(({ rule, seen, fired }) => {
        const times = rule.times ?? (rule.untilMs === undefined ? 1 : 'always');
        return seen > (rule.after ?? 0) && (times === 'always' || fired < times);
      });
      if (struck === undefined) return null;
      struck.fired++;
      return struck.rule.fault;
    },
  };
}

function matches(rule: FaultRule, request: RequestSummary): boolean {
  return (
    (rule.action ?? request.action) === request.action &&
    (rule.table ?? request.table) === request.table &&
    (rule.segment ?? request.segment) === request.segment &&
    (rule.shard ?? request.shard) === request.shard
  );
}

/** The error that a fault answers with, or null where the fault is not an error of the service. */
export function faultError(fault: Fault, deniedMessage: () => string): ServiceError | null {
  switch (fault.kind) {
    case 'throttle':
      return throttled(fault.error);
    case 'server-error':
      return fault.status === 500
        ? modelError('InternalServerError', 'Internal server error', 500)
        : modelError('ServiceUnavailable', 'Service is temporarily unavailable', 503);
    case 'access-denied':
      return frameworkError('AccessDeniedException', deniedMessage());
    case 'expired-credentials':
      return expiredToken();
    case 'clock-skew':
      return frameworkError('InvalidSignatureException', skewMessage(fault.skewMs));
    case 'false-trim':
      return trimmedDataAccess();
    case 'error':
      return new ServiceError(`com.amazonaws.dynamodb.v20120810#${fault.error}`, fault.message, fault.status ?? 400);
    default:
      return null;
  }
}

/** A signature is good for five minutes around the time of the service. */
const SIGNATURE_LIFE_MS = 5 * 60 * 1000;

/** Real time, not the simulator's: it is the machine's clock that the client signs with and that is said to be wrong. */
function skewMessage(skewMs: number): string {
  const stamp = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const signedMs = Date.now();
  const serviceMs = signedMs + skewMs;
  return `Signature expired: ${stamp(signedMs)} is now earlier than ${stamp(serviceMs - SIGNATURE_LIFE_MS)} (${stamp(serviceMs)} - 5 min.)`;
}

export function expiredToken(): ServiceError {
  return frameworkError('ExpiredTokenException', 'The security token included in the request is expired');
}
