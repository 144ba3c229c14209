import { messageOf, systemCodeOf, TributaryError, toTributaryError } from '../platform/errors.ts';

/** Anything thrown while working on files, as a TributaryError that names the path. */
export function filesError(thrown: unknown, path: string): TributaryError {
  const code = systemCodeOf(thrown);
  if (thrown instanceof TributaryError || code === undefined) return toTributaryError(thrown);
  const details = { cause: thrown, context: { path, systemCode: code } };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new TributaryError('DESTINATION_FULL', `No space is left for ${path}`, {
        ...details,
        hint: `Free some space on the disk of ${path}; nothing half-written is visible and the next run resumes.`,
      });
    case 'EROFS':
      return new TributaryError('DESTINATION_READ_ONLY', `${path} lies on a read-only file system`, {
        ...details,
        hint: 'Mount it for writing, or choose another path.',
      });
    case 'EACCES':
    case 'EPERM':
      return new TributaryError('DESTINATION_READ_ONLY', `${path} cannot be written: permission denied`, {
        ...details,
        hint: `Give the user of Tributary write access to ${path}, or choose another path.`,
      });
    case 'ENOTDIR':
    case 'EISDIR':
      return new TributaryError('DESTINATION_INVALID', `${path} is not what it should be: ${messageOf(thrown)}`, {
        ...details,
        hint: 'Choose the path of a folder, or of one that does not exist yet.',
      });
    default:
      return new TributaryError('DESTINATION_FAILED', `Working on ${path} failed: ${messageOf(thrown)}`, details);
  }
}

/** What `use` resolves to, its errors as TributaryErrors that name the path. */
export async function withFileErrors<Result>(path: string, use: () => Promise<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    throw filesError(error, path);
  }
}

export function isMissing(thrown: unknown): boolean {
  return systemCodeOf(thrown) === 'ENOENT';
}
