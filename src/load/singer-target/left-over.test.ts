import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { systemCodeOf } from '../../platform/errors.ts';
import { silentLogger } from '../../platform/logger.ts';
import { groupLeftBy, identityOf, type ProcessIdentity } from '../../platform/process-identity.ts';
import { endLeftOver, forgetTarget, rememberTarget } from './left-over.ts';

let folder: string;
let children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-left-over-'));
});
afterEach(async () => {
  for (const { pid } of children) if (pid !== undefined) killGroup(pid);
  children = [];
  await rm(folder, { recursive: true });
});

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (systemCodeOf(error) !== 'ESRCH') throw error;
  }
}

/** A process in a group of its own, as targets are. */
async function leftOver(script: string): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  const identity = await identityOf(child.pid ?? 0);
  if (identity === null) throw new Error('It has ended');
  return { child, identity };
}

/** The remembered leader of a group, killed; the script is what goes on without it. */
async function orphaned(script: string): Promise<ProcessIdentity> {
  const child = spawn('sh', ['-c', `(echo; ${script}) & wait`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  const identity = await identityOf(child.pid ?? 0);
  if (identity === null) throw new Error('It has ended');
  await rememberTarget(folder, 'target', identity);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return identity;
}

const end = (patienceMs: number) => endLeftOver(folder, { patienceMs, clock: systemClock, log: silentLogger });

describe('a target that has outlived its loader', () => {
  it('is waited for while it loads what it holds', async () => {
    const { child, identity } = await leftOver('sleep 0.3');
    const exited = once(child, 'exit');
    await rememberTarget(folder, 'target', identity);
    await end(20_000);
    expect(await exited).toEqual([0, null]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is ended when it does not end by itself', async () => {
    const { child, identity } = await leftOver('sleep 1000');
    const exited = once(child, 'exit');
    await rememberTarget(folder, 'target', identity);
    await end(100);
    expect(await exited).toEqual([null, 'SIGTERM']);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is waited for where only its leader has ended', async () => {
    const leader = await orphaned('sleep 0.3');
    await end(20_000);
    expect(await groupLeftBy(leader)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is named to a person where its leader has ended and the rest does not', async () => {
    const leader = await orphaned('exec sleep 1000');
    const [worker] = await groupLeftBy(leader);
    await expect(end(100)).rejects.toMatchObject({
      code: 'DESTINATION_LOCKED',
      message: expect.stringContaining(`process ${worker} of its group`),
      hint: expect.stringContaining(join(folder, 'target.json')),
    });
    expect(await groupLeftBy(leader)).toEqual([worker]);
    expect(await readdir(folder)).toEqual(['target.json']);
  });

  it('is not taken for another process that has its pid', async () => {
    const { child, identity } = await leftOver('sleep 1000');
    const [machine] = identity.startedAt.split(':');
    await rememberTarget(folder, 'target', { ...identity, startedAt: `${machine}:1` });
    await end(20_000);
    expect(await identityOf(identity.pid)).toEqual(identity);
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is left to a person where it cannot be looked up', async () => {
    const { child, identity } = await leftOver('sleep 1000');
    await rememberTarget(folder, 'target', { ...identity, host: 'elsewhere' });
    await expect(end(100)).rejects.toMatchObject({
      code: 'DESTINATION_LOCKED',
      hint: expect.stringContaining(join(folder, 'target.json')),
    });
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  });

  it('is nobody where nothing is remembered, and an error where that cannot be read', async () => {
    await end(100);
    await writeFile(join(folder, 'target.json'), '{"target": {"pid": -1}}');
    await expect(end(100)).rejects.toMatchObject({ code: 'STATE_INVALID' });
  });
});

describe('a target that has ended', () => {
  it('is forgotten when what is left of its group has been ended', async () => {
    const leader = await orphaned('exec sleep 1000');
    let nowMs = 0;
    let wasLeftAloneMs = 0;
    const clock: Clock = {
      now: () => nowMs,
      sleep: async (ms) => {
        if ((await groupLeftBy(leader)).length > 0) wasLeftAloneMs = nowMs;
        nowMs += 10 * ms;
      },
    };
    await forgetTarget(folder, clock);
    // It may take a moment to end by itself.
    expect(wasLeftAloneMs).toBeGreaterThan(8_000);
    expect(await groupLeftBy(leader)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });
});
