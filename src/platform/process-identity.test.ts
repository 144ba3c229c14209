import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from './clock.ts';
import { endProcess, groupLeftBy, identityOf, type ProcessIdentity, standingOf } from './process-identity.ts';
import { factsOfPs, processTable, procTable } from './process-table.ts';

const BOOT = '36a1fe95-1cdf-4af8-b011-da922486653d';

let root: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-proc-'));
});
afterEach(async () => {
  for (const { pid } of children.splice(0)) {
    if (pid === undefined) continue;
    const group = await processTable.membersOf(pid);
    for (const member of new Set([pid, ...group.map((facts) => facts.pid)])) await kill(member);
  }
  await rm(root, { recursive: true });
});

async function kill(pid: number): Promise<void> {
  const left = await identityOf(pid);
  if (left !== null) process.kill(left.pid, 'SIGKILL');
}

async function writeBootId(bootId: string): Promise<void> {
  await mkdir(join(root, 'sys/kernel/random'), { recursive: true });
  await writeFile(join(root, 'sys/kernel/random/boot_id'), `${bootId}\n`);
}

interface Stat {
  readonly name?: string;
  readonly state?: string;
  readonly group?: number;
  readonly ticks: number;
}

/** A line as Linux writes it, with the fields 1, 2, 3, 5 and 22 of interest. */
async function writeStat(pid: number, { name = 'target', state = 'S', group = pid, ticks }: Stat): Promise<void> {
  await mkdir(join(root, String(pid)), { recursive: true });
  const between = '7 11692 0 -1 4194304 103 0 0 0 0 0 0 0 20 0 1 0'.split(' ').slice(1).join(' ');
  await writeFile(join(root, `${pid}/stat`), `${pid} (${name}) ${state} 1 ${group} ${between} ${ticks} 3480528 413\n`);
}

const identity = (changes: Partial<ProcessIdentity> = {}): ProcessIdentity => ({
  ...{ host: hostname(), pid: 70, startedAt: `${BOOT}:512` },
  ...changes,
});

describe('standingOf', () => {
  const standing = (changes?: Partial<ProcessIdentity>) =>
    standingOf(identity(changes), { processes: procTable(root) });

  test('a process is told by its start, also where its name looks like the fields behind it', async () => {
    await writeBootId(BOOT);
    await writeStat(70, { name: 'a) S 1 2 (b) ', ticks: 512 });
    expect(await identityOf(70, { processes: procTable(root) })).toEqual(identity());
    expect(await standing()).toBe('alive');
  });

  test('another process that has its pid is not it', async () => {
    await writeBootId(BOOT);
    await writeStat(70, { ticks: 90_000 });
    expect(await standing()).toBe('gone');
  });

  test('after a restart of the machine it is gone, even if a process with its pid started at the same tick', async () => {
    await writeBootId('bc0f5b3c-91b5-4a3c-8f6c-6a0a3a2b7b10');
    await writeStat(70, { ticks: 512 });
    expect(await standing()).toBe('gone');
  });

  test('a process that has ended is gone, whether its parent has noticed or not', async () => {
    await writeBootId(BOOT);
    expect(await standing()).toBe('gone');
    expect(await identityOf(70, { processes: procTable(root) })).toBeNull();
    await writeStat(70, { state: 'Z', ticks: 512 });
    expect(await standing()).toBe('gone');
  });

  test('nothing is said about a process of another host, nor where the start of the machine cannot be read', async () => {
    expect(await standing()).toBe('elsewhere');
    await writeBootId(BOOT);
    await writeStat(70, { ticks: 512 });
    expect(await standing({ host: 'another-host' })).toBe('elsewhere');
    expect(await standing({ startedAt: 'unknown:512' })).toBe('elsewhere');
  });

  test('what ps says is read where there is no /proc', () => {
    const listing =
      '    1     1 Ss   Mon Nov 23 09:01:02 2026    \n  712   700 S+   Mon Nov  2 10:00:00 2026\n  713   700 Z    Mon Nov  2 10:00:00 2026\n';
    expect(factsOfPs(listing)).toEqual([
      { pid: 1, groupId: 1, startedAt: 'Mon Nov 23 09:01:02 2026' },
      { pid: 712, groupId: 700, startedAt: 'Mon Nov  2 10:00:00 2026' },
    ]);
  });
});

describe('endProcess', () => {
  /** Resolves when the script has written its first line, which is a pid. */
  async function start(script: string, { detached = true } = {}): Promise<{ child: ChildProcess; said: number }> {
    const child = spawn('sh', ['-c', script], { detached, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [said] = await once(child.stdout, 'data');
    return { child, said: Number(said) };
  }

  async function identityOfRunning(pid: number | undefined): Promise<ProcessIdentity> {
    const found = pid === undefined ? null : await identityOf(pid);
    if (found === null) throw new Error('The process has not started');
    return found;
  }

  const DEAF = 'trap "" TERM; echo $$; while :; do sleep 1; done';

  test('asks a process to end, and resolves when it has', async () => {
    const { child } = await start('echo $$; exec sleep 60', { detached: false });
    const running = await identityOfRunning(child.pid);
    const exit = once(child, 'exit');
    await endProcess(running, { graceMs: 60_000, clock: systemClock });
    expect(await exit).toEqual([null, 'SIGTERM']);
    expect(await standingOf(running)).toBe('gone');
    // Once more: nothing is there to be ended.
    await endProcess(running, { graceMs: 0, clock: systemClock });
  });

  test('kills what does not listen, and all of its group with it', async () => {
    const { child, said } = await start(`trap "" TERM; sh -c '${DEAF}' & wait; wait`);
    const [leader, member] = [await identityOfRunning(child.pid), await identityOfRunning(said)];
    const exit = once(child, 'exit');
    await endProcess(leader, { graceMs: 0, clock: systemClock });
    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(await standingOf(member)).toBe('gone');
  });

  test('a member of the group that goes on when its leader has ended is waited for, then killed', async () => {
    const { child, said } = await start(`sh -c '${DEAF}' & wait`);
    const [leader, member] = [await identityOfRunning(child.pid), await identityOfRunning(said)];
    let wasLeftAlone = false;
    const clock: Clock = {
      now: systemClock.now,
      sleep: async (ms, signal) => {
        wasLeftAlone ||= (await standingOf(leader)) === 'gone' && (await standingOf(member)) === 'alive';
        await systemClock.sleep(ms, signal);
      },
    };
    await endProcess(leader, { graceMs: 300, clock });
    expect(wasLeftAlone).toBe(true);
    expect(await standingOf(member)).toBe('gone');
  });

  test('a member of the group is ended, too, when its leader had ended before', async () => {
    const { child, said } = await start(`sh -c '${DEAF}' & wait`);
    const [leader, member] = [await identityOfRunning(child.pid), await identityOfRunning(said)];
    expect(await groupLeftBy(leader)).toEqual([]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await groupLeftBy(leader)).toContain(said);
    await endProcess(leader, { graceMs: 0, clock: systemClock });
    expect(await standingOf(member)).toBe('gone');
    expect(await groupLeftBy(leader)).toEqual([]);
  });

  test('a group of the same name is another one after a restart of the machine, or where this process is in it', async () => {
    await writeBootId(BOOT);
    await writeStat(71, { group: 70, ticks: 600 });
    const processes = procTable(root);
    expect(await groupLeftBy(identity(), { processes })).toEqual([71]);
    expect(await groupLeftBy(identity({ startedAt: 'another-start:512' }), { processes })).toEqual([]);
    expect(await groupLeftBy(identity({ host: 'another-host' }), { processes })).toEqual([]);
    await writeStat(process.pid, { group: 70, ticks: 700 });
    expect(await groupLeftBy(identity(), { processes })).toEqual([]);
  });

  test('a process that has got the pid since is never signalled', async () => {
    const { child } = await start('echo $$; exec sleep 60');
    const running = await identityOfRunning(child.pid);
    await endProcess({ ...running, startedAt: `${running.startedAt}0` }, { graceMs: 0, clock: systemClock });
    expect(await standingOf(running)).toBe('alive');
  });

  test('nor when it gets the pid while the first one is given time to end', async () => {
    const { child } = await start(DEAF);
    const running = await identityOfRunning(child.pid);
    await writeBootId(BOOT);
    await writeStat(running.pid, { ticks: 512 });
    const clock: Clock = { now: systemClock.now, sleep: () => writeStat(running.pid, { ticks: 90_000 }) };
    const processes = procTable(root);
    await endProcess(identity({ pid: running.pid }), { graceMs: 60_000, clock, processes });
    expect(await standingOf(running)).toBe('alive');
  });

  test('a process of another host is left to a person', async () => {
    const elsewhere = endProcess(identity({ host: 'another-host' }), { graceMs: 0, clock: systemClock });
    await expect(elsewhere).rejects.toMatchObject({ code: 'TARGET_HUNG', hint: 'End it by hand, then run again' });
  });
});
