import { rename } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { order } from '../../../test/support/load-samples.ts';
import { openStandIn } from '../../../test/support/stand-in.ts';
import { behind, tableLoader } from '../../../test/support/table-loader.ts';

it('a lock that cannot be given back is an error of its folder', async () => {
  await using standIn = await openStandIn();
  const destination = standIn.connect();
  await tableLoader({ totalSegments: 1 }).begin(destination, 1);
  await rename(standIn.stateFolder, `${standIn.stateFolder}-away`);
  await expect(destination.close()).rejects.toMatchObject({
    code: 'DESTINATION_FAILED',
    message: expect.stringContaining(standIn.stateFolder),
  });
});

it('a lock that cannot be given back does not hide how the target has ended', async () => {
  await using standIn = await openStandIn();
  const destination = standIn.connect(['--echo', 'never', '--exit', '3']);
  const loader = tableLoader({ totalSegments: 1 });
  await loader.begin(destination, 1);
  const lane = await loader.open(destination, 1);
  await lane.send([order(1)], behind(1));
  await rename(standIn.stateFolder, `${standIn.stateFolder}-away`);
  await expect(destination.close()).rejects.toMatchObject({ code: expect.stringMatching(/^TARGET_/) });
  expect(standIn.logged(/lock-1/)).toHaveLength(1);
});
