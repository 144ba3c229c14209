import { hostname } from 'node:os';
import type { Clock } from './clock.ts';
import { systemCodeOf, TributaryError } from './errors.ts';
import { type ProcessTable, processTable } from './process-table.ts';

/** One process, told from another one that gets its pid later. Fit to be stored. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Start of the machine and start of the process. */
  readonly startedAt: string;
}

interface Processes {
  /** Those of this machine where it is left out. */
  readonly processes?: ProcessTable;
}

/** Of identities that were taken where the start of the machine cannot be found out. */
const UNKNOWN = 'unknown';
/** Nothing tells of the end of a process that is not ours. */
const POLL_MS = 50;
/** A process that is killed ends at once, unless it waits for a device. */
const KILL_PATIENCE_MS = 10_000;

/** Resolves to null when no process has that pid. */
export async function identityOf(
  pid: number,
  { processes = processTable }: Processes = {},
): Promise<ProcessIdentity | null> {
  const facts = await processes.find(pid);
  if (facts === null) return null;
  return { host: hostname(), pid, startedAt: `${(await processes.machineStart()) ?? UNKNOWN}:${facts.startedAt}` };
}

/** Whether the process still runs. `elsewhere`: that cannot be told from here. */
export async function standingOf(
  identity: ProcessIdentity,
  { processes = processTable }: Processes = {},
): Promise<'alive' | 'gone' | 'elsewhere'> {
  const isUnknown = identity.startedAt.startsWith(`${UNKNOWN}:`);
  // Where the start of the machine cannot be read, there may be no /proc at all, and everything would look gone.
  if (identity.host !== hostname() || isUnknown || (await processes.machineStart()) === null) return 'elsewhere';
  return (await identityOf(identity.pid, { processes }))?.startedAt === identity.startedAt ? 'alive' : 'gone';
}

/**
 * The pids of what still runs of the group that a process has led and left behind; none while it runs itself. A pid is given
 * away again only when no group has its name any more, so that a process of that pid says that the group is gone. One thing
 * cannot be seen: that process, too, has ended and has left a group behind. The longer ago the end, the more that counts.
 */
export async function groupLeftBy(
  { host, pid, startedAt }: ProcessIdentity,
  { processes = processTable }: Processes = {},
): Promise<readonly number[]> {
  const machineStart = await processes.machineStart();
  if (host !== hostname() || machineStart === null || !startedAt.startsWith(`${machineStart}:`)) return [];
  const members = (await processes.membersOf(pid)).map((facts) => facts.pid);
  // In a container the low pids come again at each start: this process may be in a group of that name.
  if (members.includes(process.pid) || (await processes.find(pid)) !== null) return [];
  return members;
}

/**
 * Ends a process, and the group that it leads where it leads one, also where the process itself has ended before: SIGTERM,
 * and SIGKILL for what is left after `graceMs`. Resolves when all of them have ended. Before each signal it is looked up
 * again, so that no process is hit that has got its pid since. Rejects with TARGET_HUNG when it cannot be ended.
 */
export async function endProcess(
  identity: ProcessIdentity,
  options: Processes & { readonly graceMs: number; readonly clock: Clock },
): Promise<void> {
  const { graceMs, clock, processes = processTable } = options;
  const { pid, host } = identity;
  const standing = await standingOf(identity, { processes });
  if (standing === 'elsewhere') throw hung(identity, `it belongs to ${host}, and cannot be told from others here`);
  const leadsGroup = standing === 'gone' || (await processes.find(pid))?.groupId === pid;

  const isLeft = async (): Promise<boolean> => {
    if ((await standingOf(identity, { processes })) === 'alive') return true;
    return leadsGroup && (await groupLeftBy(identity, { processes })).length > 0;
  };
  const hasEndedWithin = async (ms: number): Promise<boolean> => {
    const untilMs = clock.now() + ms;
    while (await isLeft()) {
      if (clock.now() >= untilMs) return false;
      await clock.sleep(POLL_MS, new AbortController().signal);
    }
    return true;
  };
  for (const [signal, patienceMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', KILL_PATIENCE_MS],
  ] as const) {
    if (await isLeft()) send(identity, { signal, toGroup: leadsGroup });
    if (await hasEndedWithin(patienceMs)) return;
  }
  throw hung(identity, 'it has been killed, and has not ended');
}

function send(
  identity: ProcessIdentity,
  { signal, toGroup }: { readonly signal: NodeJS.Signals; readonly toGroup: boolean },
): void {
  try {
    process.kill(toGroup ? -identity.pid : identity.pid, signal);
  } catch (error) {
    // It has ended by itself.
    if (systemCodeOf(error) === 'ESRCH') return;
    throw hung(identity, 'this process may not end it', error);
  }
}

function hung({ pid }: ProcessIdentity, reason: string, cause?: unknown): TributaryError {
  return new TributaryError('TARGET_HUNG', `Process ${pid} cannot be ended: ${reason}`, {
    hint: 'End it by hand, then run again',
    context: { pid },
    ...(cause === undefined ? {} : { cause }),
  });
}
