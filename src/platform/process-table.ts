import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemCodeOf } from './errors.ts';

/** A process that runs. One that has ended and only waits for its parent to notice is none. */
export interface ProcessFacts {
  readonly pid: number;
  readonly groupId: number;
  /** Differs between two processes that have had the same pid since the machine was started. */
  readonly startedAt: string;
}

/** The processes of this machine. */
export interface ProcessTable {
  /** Tells one start of the machine from the next; null where that cannot be found out. */
  machineStart(): Promise<string | null>;
  find(pid: number): Promise<ProcessFacts | null>;
  /** All of a process group, whether the process that it is named after still runs or not. */
  membersOf(groupId: number): Promise<readonly ProcessFacts[]>;
}

/** `root` is a folder like /proc of Linux. */
export function procTable(root: string): ProcessTable {
  const find = async (pid: number): Promise<ProcessFacts | null> => {
    const stat = await readIfThere(`${root}/${pid}/stat`);
    return stat === null ? null : factsOfStat(stat);
  };
  return {
    find,
    machineStart: async () => (await readIfThere(`${root}/sys/kernel/random/boot_id`))?.trim() ?? null,
    async membersOf(groupId) {
      const pids = (await readdir(root)).filter((name) => /^\d+$/.test(name));
      const found = await Promise.all(pids.map((pid) => find(Number(pid))));
      return found.filter((facts): facts is ProcessFacts => facts?.groupId === groupId);
    },
  };
}

/** Where there is no /proc: what `ps` of POSIX says. Its times are absolute, so it matters little when the machine started. */
const psTable: ProcessTable = {
  machineStart: async () => 'ps',
  find: async (pid) => (await listProcesses()).find((facts) => facts.pid === pid) ?? null,
  membersOf: async (groupId) => (await listProcesses()).filter((facts) => facts.groupId === groupId),
};

export const processTable: ProcessTable = process.platform === 'linux' ? procTable('/proc') : psTable;

async function listProcesses(): Promise<readonly ProcessFacts[]> {
  const columns = ['pid', 'pgid', 'stat', 'lstart'].flatMap((column) => ['-o', `${column}=`]);
  // Local time would change with the season.
  const { stdout } = await promisify(execFile)('ps', ['-A', ...columns], { env: { LC_ALL: 'C', TZ: 'UTC' } });
  return factsOfPs(stdout);
}

/** Lines of `pid pgid stat lstart`. */
export function factsOfPs(listing: string): readonly ProcessFacts[] {
  return listing.split('\n').flatMap((line) => {
    const [, pid, groupId, state, startedAt] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*?)\s*$/.exec(line) ?? [];
    if (startedAt === undefined || state?.startsWith('Z')) return [];
    return [{ pid: Number(pid), groupId: Number(groupId), startedAt }];
  });
}

/** proc(5): `pid (name) state ppid pgrp …`, field 22 is the start in clock ticks. The name may hold `) ` itself. */
function factsOfStat(stat: string): ProcessFacts | null {
  const [state, , groupId, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Fields 3, 4 and 5 are taken away.
  const startedAt = rest[22 - 6];
  if (state === 'Z' || state === 'X' || startedAt === undefined) return null;
  return { pid: Number.parseInt(stat, 10), groupId: Number(groupId), startedAt };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    // ESRCH: the process has ended while its file was open.
    if (['ENOENT', 'ESRCH', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return null;
    throw error;
  }
}
