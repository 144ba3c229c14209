import { expect, test } from 'vitest';
import { twoFollowedTables } from '../../test/support/two-followed-tables.ts';
import { resetInPlace } from './reset-in-place.ts';

test('a reset in place says which tables are done already when one fails', async () => {
  await using source = await twoFollowedTables();
  const request = source.request();
  await source.replicate(request);
  source.simulator.faults.add({
    ...{ action: 'DescribeStream', table: 'orders', times: 'always', fault: { kind: 'access-denied' } },
  });
  await expect(resetInPlace(request)).rejects.toMatchObject({
    code: 'ACCESS_DENIED',
    hint: expect.stringMatching(/^Done already: carts\. /),
    context: { doneTables: 'carts' },
  });
  const states = await request.destination.runStore.readTables('shop');
  expect(states.map(({ table, phase }) => [table, phase])).toEqual([
    ['carts', 'resyncing'],
    ['orders', 'following'],
  ]);
});
