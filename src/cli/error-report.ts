import type { TributaryError } from '../platform/errors.ts';
import type { Output } from './output.ts';

/** An error for people: what failed, what to do about it, and for a defect of ours the trace to report. */
export function errorText(error: TributaryError, colors: Output['colors']): string {
  const isStop = error.kind === 'cancelled';
  const title = isStop ? colors.yellow('stopped') : colors.red('error');
  const lines = [`${title} ${error.code}: ${error.message}`, `  ${colors.bold('Fix:')} ${error.hint}`];
  if (isStop) lines[1] = `  ${error.hint}`;
  if (error.kind === 'bug') lines.push(trace(error));
  return lines.join('\n');
}

/** The same for programs. */
export function errorJson({ code, kind, message, hint, context }: TributaryError) {
  return { error: { code, kind, message, hint, context } };
}

function trace(error: TributaryError): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? String(cause);
}
