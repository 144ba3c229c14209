import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { childPage, PAGES_OF_CHILD } from '../../../test/support/child-pages.ts';
import { liveLines } from '../../../test/support/live-lines.ts';
import { expectRows, rowOfLine } from '../../../test/support/live-rows.ts';
import { tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import { createFilesDestination } from './files.ts';

let path: string;
let children: ChildProcess[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'tributary-kill-'));
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await rm(path, { recursive: true });
});

/** Starts a process that loads the table, and sends it a signal right behind its nth commit. */
function startChild(signal: NodeJS.Signals, atCommit: number): { child: ChildProcess; signalled: Promise<void> } {
  const script = new URL('../../../test/support/files-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const signalled = new Promise<void>((resolve, reject) => {
    let commits = 0;
    createInterface({ input: child.stdout ?? process.stdin }).on('line', () => {
      commits += 1;
      if (commits !== atCommit) return;
      child.kill(signal);
      resolve();
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code} after ${commits} commits`)));
  });
  return { child, signalled };
}

async function expectComplete(loader: ReturnType<typeof tableLoader>): Promise<void> {
  const destination = createFilesDestination({ path }, { clock: systemClock });
  await loader.adopt(destination);
  const items = loader.units.flatMap((unit) =>
    Array.from({ length: PAGES_OF_CHILD }, (_, page) => childPage(unit, page)).flat(),
  );
  expect(await loader.finish(destination, 1)).toEqual({ rowCount: items.length, sweptRows: 0 });
  const columns = loader.schema()?.plan.columns ?? [];
  const lines = (await liveLines(path, loader.target)) ?? [];
  expectRows(
    lines.map((line) => rowOfLine(line, columns)),
    items,
    columns,
  );
}

it('has every row once after processes were killed at any point', async () => {
  const loader = tableLoader();
  await loader.begin(createFilesDestination({ path }, { clock: systemClock }), 1);
  for (const atCommit of [1, 6]) {
    const { child, signalled } = startChild('SIGKILL', atCommit);
    const exited = once(child, 'exit');
    await signalled;
    await exited;
  }
  const { child, signalled } = startChild('SIGCONT', 1);
  await signalled;
  expect(await once(child, 'exit')).toEqual([0, null]);
  await expectComplete(loader);
});

it('fences a process that was stopped while another took over, and has every row once', async () => {
  const loader = tableLoader();
  await loader.begin(createFilesDestination({ path }, { clock: systemClock }), 1);
  const zombie = startChild('SIGSTOP', 3);
  await zombie.signalled;
  const successor = startChild('SIGCONT', 1);
  await successor.signalled;
  expect(await once(successor.child, 'exit')).toEqual([0, null]);
  const exited = once(zombie.child, 'exit');
  zombie.child.kill('SIGCONT');
  expect(await exited).toEqual([3, null]);
  await expectComplete(loader);
});
