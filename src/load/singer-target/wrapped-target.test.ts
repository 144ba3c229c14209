import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { item } from '../../../test/support/load-samples.ts';
import { openStandIn } from '../../../test/support/stand-in.ts';
import { behind, tableLoader } from '../../../test/support/table-loader.ts';
import { groupLeftBy, type ProcessIdentity } from '../../platform/process-identity.ts';
import { processTable } from '../../platform/process-table.ts';

const TARGET = fileURLToPath(new URL('../../../test/support/stand-in-target.mjs', import.meta.url));
/** Starts the target as a child, whose output does not come through it: it is heard of only by its group. */
const WRAPPER = 'exec 4<&0; "$@" <&4 >/dev/null 2>&1 & wait';

it('a target behind a wrapper that dies is ended before the next one is sent anything', async () => {
  await using standIn = await openStandIn();
  // Loads what it holds when its input ends, so slowly that the next target would be faster.
  const worker = [
    process.execPath,
    TARGET,
    '--into',
    join(standIn.folder, 'loaded.jsonl'),
    '--slow-ms',
    '400',
    '--linger',
  ];
  const wrapped = standIn.connect([], { command: 'sh', args: ['-c', WRAPPER, 'sh', ...worker] });
  const table = { totalSegments: 1, table: 'orders' } as const;
  const loader = tableLoader(table);
  await loader.begin(wrapped, 1);
  const lane = await loader.open(wrapped, 1);
  await lane.send([item('k1', [['total', { N: '1' }]])], behind(1));
  const stored: { readonly target: ProcessIdentity } = JSON.parse(
    await readFile(join(standIn.stateFolder, 'target.json'), 'utf8'),
  );
  await expect.poll(() => processTable.membersOf(stored.target.pid), { interval: 10 }).toHaveLength(2);
  process.kill(stored.target.pid, 'SIGKILL');
  await expect(lane.load.acceptance?.settle()).rejects.toMatchObject({ code: 'TARGET_FAILED' });
  expect(await groupLeftBy(stored.target)).toEqual([]);
  await wrapped.close();

  const next = standIn.connect();
  const again = tableLoader(table);
  await again.adopt(next);
  const newer = await again.open(next, 1);
  await newer.send([item('k1', [['total', { N: '2' }]])], behind(1));
  await next.close();
  expect((await standIn.loaded()).findLast(({ record }) => record !== undefined)?.record).toMatchObject({ total: 2 });
});
