import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityOf, type ProcessIdentity } from '../../platform/process-identity.ts';
import { lockHolder, takeFolderLock } from './folder-lock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function thisProcess(): Promise<ProcessIdentity> {
  const identity = await identityOf(process.pid);
  if (identity === null) throw new Error('This process does not run');
  return identity;
}

async function locked(number: number, holder: ProcessIdentity): Promise<void> {
  await writeFile(join(folder, `lock-${number}.json`), JSON.stringify({ holder, isFree: false }));
}

describe('the lock of a folder', () => {
  it('is held by one at a time, who is named to others', async () => {
    const giveBack = await takeFolderLock(folder);
    expect(await lockHolder(folder)).toEqual(await thisProcess());
    await expect(takeFolderLock(folder)).rejects.toMatchObject({
      code: 'DESTINATION_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await giveBack();
    expect(await lockHolder(folder)).toBeNull();
    await (await takeFolderLock(folder))();
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('is taken again by a process that could not give it back', async () => {
    const giveBack = await takeFolderLock(folder);
    await rename(folder, `${folder}-away`);
    await expect(giveBack()).rejects.toMatchObject({ code: 'ENOENT' });
    await rename(`${folder}-away`, folder);
    await takeFolderLock(folder);
    await expect(takeFolderLock(folder)).rejects.toMatchObject({ code: 'DESTINATION_LOCKED' });
  });

  it('is taken by one of many who try at once', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => takeFolderLock(folder)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is taken by one of many when its holder is gone', async () => {
    const me = await thisProcess();
    await locked(7, { ...me, startedAt: `${me.startedAt.split(':')[0]}:1` });
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => takeFolderLock(folder)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['lock-8.json']);
  });

  it('stays with a process on another machine until a person says otherwise', async () => {
    await locked(3, { ...(await thisProcess()), host: 'elsewhere' });
    await expect(takeFolderLock(folder)).rejects.toMatchObject({
      code: 'DESTINATION_LOCKED',
      hint: expect.stringContaining(join(folder, 'lock-3.json')),
    });
    await rm(join(folder, 'lock-3.json'));
    await (await takeFolderLock(folder))();
  });

  it('is not taken from a file that nobody can read', async () => {
    await writeFile(join(folder, 'lock-1.json'), '{');
    await expect(takeFolderLock(folder)).rejects.toMatchObject({ code: 'STATE_INVALID' });
  });
});
