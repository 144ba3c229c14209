import type { ErrorCode } from '../../platform/error-codes.ts';
import { messageOf, systemCodeOf, TributaryError, toTributaryError } from '../../platform/errors.ts';

/** Who holds the file, as DuckDB says it: `Conflicting lock is held in /usr/bin/python3.11 (PID 42)`. */
export interface LockHolder {
  readonly program: string;
  readonly pid: number;
}

/** Whether the file could not be opened because another process has it open. */
export function isLockConflict(thrown: unknown): boolean {
  return /Could not set lock on file|being used by another process/.test(messageOf(thrown));
}

/** Whether DuckDB had too little memory, here or in what this error was made of. */
export function isOutOfMemory(thrown: unknown): boolean {
  if (OUT_OF_MEMORY.test(messageOf(thrown))) return true;
  return thrown instanceof Error && thrown.cause !== undefined && isOutOfMemory(thrown.cause);
}

// Offloading fails where the file for it cannot grow, on a disk that is nearly full: with more memory it is not needed.
const OUT_OF_MEMORY = /Out of Memory|failed to (?:pin|allocate|offload)|could not allocate/i;

/** Null where the platform does not tell. */
export function lockHolderOf(thrown: unknown): LockHolder | null {
  const match = /Conflicting lock is held in (.+?) \(PID (\d+)\)/.exec(messageOf(thrown));
  return match?.[1] === undefined ? null : { program: match[1], pid: Number(match[2]) };
}

/**
 * Anything thrown while working on the file, as a TributaryError. Only errors about files and names carry DuckDB's own
 * text: the others quote values of rows.
 */
export function duckDbError(thrown: unknown, path: string): TributaryError {
  if (thrown instanceof TributaryError) return thrown;
  const text = messageOf(thrown);
  const known = KNOWN.find(({ pattern, systemCodes }) => {
    return pattern.test(text) || systemCodes.includes(systemCodeOf(thrown) ?? '');
  });
  const context = { path };
  if (known) {
    const { code, what, hint } = known;
    return new TributaryError(code, `${what}: ${path}`, { cause: thrown, context, ...(hint && { hint }) });
  }
  const kind = /^([A-Z][A-Za-z ]*) (?:Error|Exception):/.exec(text)?.[1];
  if (kind !== undefined) {
    const detail = KINDS_WITHOUT_VALUES.has(kind) ? `: ${firstLine(text)}` : ` with its error kind "${kind}"`;
    return new TributaryError('DESTINATION_FAILED', `DuckDB refused the operation${detail}`, {
      cause: thrown,
      context,
    });
  }
  if (systemCodeOf(thrown) !== undefined) {
    return new TributaryError('DESTINATION_FAILED', firstLine(text), { cause: thrown, context });
  }
  return toTributaryError(thrown);
}

const KINDS_WITHOUT_VALUES = new Set(['IO', 'Binder', 'Catalog', 'Parser', 'Dependency', 'Out of Memory']);

interface KnownFailure {
  readonly code: ErrorCode;
  readonly what: string;
  readonly pattern: RegExp;
  readonly systemCodes: readonly string[];
  readonly hint?: string;
}

const KNOWN: readonly KnownFailure[] = [
  {
    code: 'DESTINATION_FULL',
    what: 'The disk of the DuckDB file has no space left',
    pattern: /No space left on device|not enough space on the disk|Disk quota exceeded/i,
    systemCodes: ['ENOSPC', 'EDQUOT'],
  },
  {
    code: 'DESTINATION_READ_ONLY',
    what: 'The DuckDB file cannot be written',
    pattern: /Read-only file system|Permission denied|Operation not permitted|attached in read-only mode/i,
    systemCodes: ['EROFS', 'EACCES', 'EPERM'],
  },
  {
    code: 'DESTINATION_FAILED',
    what: 'DuckDB has too little memory, even with half of what this machine has, and too little disk to do without',
    pattern: OUT_OF_MEMORY,
    systemCodes: [],
    hint: 'Give the disk of the file more space, leave large attributes out by a projection, or run on a machine with more memory.',
  },
  {
    code: 'DESTINATION_INVALID',
    what: 'The file was written by another version of DuckDB that this one cannot read',
    pattern: /with version number \d+, but/,
    systemCodes: [],
    hint: 'Choose another path, or export the file with the version of DuckDB that wrote it.',
  },
  {
    code: 'DESTINATION_INVALID',
    what: 'The path is a folder, not a DuckDB file',
    pattern: /Is a directory/i,
    systemCodes: ['EISDIR'],
    hint: 'Name a file in it.',
  },
  {
    code: 'DESTINATION_INVALID',
    what: 'A part of the path is a file where a folder should be',
    pattern: /Not a directory/i,
    systemCodes: ['ENOTDIR'],
    hint: 'Choose another path.',
  },
  {
    code: 'DESTINATION_INVALID',
    what: 'The file is not a DuckDB database, or it is damaged',
    pattern:
      /not a valid DuckDB database|Corrupt database file|Checksum verification failed|replaying WAL|Serialization Error/i,
    systemCodes: [],
  },
];

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
