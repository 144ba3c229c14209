import { afterEach, expect, test } from 'vitest';
import { type FollowedShop, openFollowedShop } from './followed-shop.ts';

let shop: FollowedShop;
afterEach(async () => {
  await shop[Symbol.asyncDispose]();
});

test('a gap that waits for a person is shown by the run, status and gaps, and ends with a reset in place', async () => {
  shop = await openFollowedShop(', on_gap: fail');
  shop.put({ a: 1, b: 2 });
  await shop.says('sync');
  expect(await shop.says('gaps')).toBe('shop: no open gap\n');
  await shop.enableStream(false);
  shop.put({ a: 10 });
  shop.simulator.tables.deleteItems('carts', [{ pk: { S: 'b' } }]);
  await shop.enableStream(true);

  const failed = await shop.run(['sync']);
  expect([failed.exitCode, failed.stdout]).toEqual([4, expect.stringContaining('carts GAP_WAITS: ')]);
  expect(failed.stderr).toContain('WARNING carts: gap (stream-replaced)');
  const status = await shop.says('status');
  expect(status).toMatch(/^carts +LOG_BASED +gap +shop\.carts +2\b/m);
  expect(status).toContain('1 open gap: changes may be missing, see `tributary gaps`\n');
  const open = await shop.says('gaps');
  expect(open).toMatch(/^shop: 1 open gap\ncarts open: the table has another stream than before\n {2}found /);
  expect(open).toMatch(/^ {2}missing {3}changes that were made between \d{4}-.*Z and \d{4}-.*Z$/m);
  expect(open).toContain(
    '  reaction  waits for a decision: tributary reset --table carts --in-place, then tributary sync\n',
  );
  expect((await shop.run(['state', 'rewind', '--table', 'carts', '--yes'])).stderr).toContain(
    'error STATE_NOT_EDITABLE: The bookmarks of carts cannot be moved: changes were lost, and it waits for a decision',
  );

  const no = await shop.run(['reset', '--table', 'carts', '--in-place'], { typed: 'no' });
  expect([no.exitCode, no.stderr]).toEqual([
    130,
    expect.stringContaining('Read 1 table (carts) of shop again in place?'),
  ]);
  expect(await shop.says('reset', '--table', 'carts', '--in-place', '--yes')).toBe(
    'carts: the next run reads it again in place\n',
  );
  expect(await shop.says('status')).toMatch(/^carts +LOG_BASED +resyncing .* 0 of 1 segment$/m);
  expect(await shop.carts()).toEqual({ a: 1, b: 2 });
  const forward = ['state', 'edit', '--table', 'carts', '--unit', 'segment:0/1', '--position', 'end', '--yes'];
  expect((await shop.run(forward)).stderr).toContain(
    'error STATE_NOT_EDITABLE: Segments of carts cannot go forward while it is read again',
  );

  await shop.says('sync');
  expect(await shop.carts()).toEqual({ a: 10, b: null });
  expect(await shop.says('gaps')).toBe('shop: no open gap\n1 resolved gap: see tributary gaps --all\n');
  expect(await shop.says('gaps', '--all')).toMatch(
    /^carts resolved \d{4}-.*: the table has another stream than before$/m,
  );
  expect(await shop.answer('gaps', '--all')).toMatchObject({
    sources: [
      {
        source: 'shop',
        resolved_count: 1,
        gaps: [
          {
            table: 'carts',
            kind: 'stream-replaced',
            shard: null,
            reaction: 'waits',
            resolved_at_ms: expect.any(Number),
          },
        ],
      },
    ],
  });
  expect(await shop.answer('gaps')).toMatchObject({ sources: [{ gaps: [] }] });
});

test('gaps and resets in place name what they cannot do', async () => {
  shop = await openFollowedShop();
  const refused = async (...argv: string[]) => (await shop.run(argv)).stderr;
  expect(await refused('gaps', '--table', 'cartz')).toContain('Did you mean carts?');
  expect(await refused('reset', '--in-place', '--table', 'carts', '--yes')).toContain(
    'error TABLE_NOT_FOUND: carts has not been replicated through its stream so far',
  );
  expect(await refused('reset', '--in-place', '--table', 'orders', '--yes')).toContain('error SELECTION_INVALID: ');
});
