import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TributaryError } from '../../platform/errors.ts';
import type { TargetCommand } from './target-process.ts';

/** Prints what `exec` would start. A folder can be "executed", too, and builtins of the shell have no path. */
const FIND = 'found=$(command -v -- "$1") && [ -f "$found" ] && [ -x "$found" ] && printf %s "$found"';

/** Resolves to the path of what the command starts; rejects with TARGET_UNUSABLE where it starts nothing. */
export async function findExecutable({ command, folder }: TargetCommand): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', FIND, 'sh', command], { cwd: folder });
    return stdout;
  } catch (error) {
    const message = `There is no executable ${command} on the PATH, or none at that path from ${folder}`;
    throw new TributaryError('TARGET_UNUSABLE', message, {
      hint: /\s-/.test(command)
        ? 'Write only the path or name of the executable as `command`, and what follows it as `args`.'
        : 'Install the target, or write the path of its executable as `command`.',
      cause: error,
      context: { command, folder },
    });
  }
}
