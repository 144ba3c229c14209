import { TributaryError } from '../platform/errors.ts';
import type { CliContext } from './context.ts';

/** Asks before something is dropped or changed. Rejects with USAGE where nobody can answer, with CANCELLED after a no. */
export async function confirmed(
  question: string,
  {
    what,
    undone,
    context: { isInteractive, confirm },
  }: {
    /** "A reset" */
    readonly what: string;
    /** "Nothing was reset" */
    readonly undone: string;
    readonly context: Pick<CliContext, 'isInteractive' | 'confirm'>;
  },
): Promise<void> {
  if (!isInteractive) {
    throw new TributaryError('USAGE', `${what} asks before it changes anything, and nobody can answer here`, {
      hint: 'Add --yes',
    });
  }
  if (!(await confirm(question))) throw new TributaryError('CANCELLED', undone, { hint: 'You answered no' });
}
