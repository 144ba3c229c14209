import type { CheckStep } from '../model/check-step.ts';
import { TributaryError } from '../platform/errors.ts';

export type Finding = Omit<CheckStep, 'name'>;

export function succeeded(message: string): Finding {
  return { status: 'succeeded', message, hint: null };
}

export function warning(message: string, hint: string): Finding {
  return { status: 'warning', message, hint };
}

export function skipped(message: string): Finding {
  return { status: 'skipped', message, hint: null };
}

/** One step of a check. Errors are failed findings, but a stop and a defect of Tributary are thrown. */
export async function checkStep(name: string, signal: AbortSignal, find: () => Promise<Finding>): Promise<CheckStep> {
  try {
    return { name, ...(await find()) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TributaryError) || error.kind === 'bug') throw error;
    return { name, status: 'failed', message: error.message, hint: error.hint };
  }
}
