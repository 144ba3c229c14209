import { afterEach, beforeEach, expect, test } from 'vitest';
import { twoFollowedTables } from '../../test/support/two-followed-tables.ts';
import { exportState } from './state-export.ts';
import { applyImport, planImport } from './state-import.ts';

let source: Awaited<ReturnType<typeof twoFollowedTables>>;
/** The state of both tables after a run. */
let exported: string;

beforeEach(async () => {
  source = await twoFollowedTables();
  const request = source.request();
  await source.replicate(request);
  exported = await exportState({ ...request, source: 'shop', tables: [], nowMs: request.clock.now() });
});
afterEach(async () => {
  await source[Symbol.asyncDispose]();
});

test('begins the tables that the destination does not have, as they were found when it was planned', async () => {
  const request = source.request();
  const plan = await planImport(exported, request);
  source.simulator.requests.clear();
  await applyImport(plan, request);
  expect(source.simulator.requests.count()).toBe(0);
  const states = await request.destination.runStore.readTables('shop');
  expect(states.map(({ table, phase }) => [table, phase])).toEqual([
    ['carts', 'snapshotting'],
    ['orders', 'snapshotting'],
  ]);
});

test('says which tables are done already when one fails', async () => {
  const request = source.request();
  const plan = await planImport(exported, request);
  // Somebody else is faster with the second.
  await applyImport(await planImport(exported, { ...request, tables: ['orders'] }), request);
  await expect(applyImport(plan, request)).rejects.toMatchObject({
    code: 'STATE_NOT_EDITABLE',
    message: expect.stringContaining('The destination has orders already'),
    hint: expect.stringMatching(/^Done already: carts\. Import into a destination that does not have the table/),
    context: { doneTables: 'carts' },
  });
});

test('leaves the error as it is when the first fails', async () => {
  const request = source.request();
  const plan = await planImport(exported, request);
  await applyImport(plan, request);
  await expect(applyImport(plan, request)).rejects.toMatchObject({
    hint: expect.stringMatching(/^Import into a destination that does not have the table/),
    context: {},
  });
});
