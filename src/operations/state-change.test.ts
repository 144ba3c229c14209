import { describe, expect, test } from 'vitest';
import { shardUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import type { EditableTable } from './state-change.ts';
import { changeOf } from './state-change.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const stream = { arn: 'arn', laneCount: 32, gapCount: 0, gapEndMs: null };

function shard(
  shardId: string,
  { position = 'after 5' as UnitState['position'], hoursAgo = 1, parent = null as string | null } = {},
): UnitState {
  const progress = { sequence: 1n, verifiedThroughMs: NOW_MS - hoursAgo * HOUR_MS, firstListedAtMs: 0 };
  return { unit: shardUnit(shardId), epoch: 1, position, shard: { parent, lane: 0, ...progress } };
}

function table(...units: readonly UnitState[]): EditableTable {
  return {
    ...{ source: 'shop', table: 'orders', stream, units },
    loading: {
      ...{ version: 1, placement: 'live', base: 1n, identity: 'i', layout: 'l', totalSegments: 0, startedAtMs: 0 },
      ...{ lastCommitAtMs: 0, rowCount: 0, stream },
    },
  };
}
const toStart = (unit: UnitState) => ({ ...unit, position: 'start' }) as const;

describe('changeOf', () => {
  test('lets a shard that was read within the last 23 hours go back to its start', () => {
    const unit = shard('a', { hoursAgo: 22 });
    expect(changeOf(table(unit), [toStart(unit)], NOW_MS)).toMatchObject({ backCount: 1, version: 1, base: 1n });
  });

  test('refuses the start for a shard that may have lost changes since it was read: nobody would notice', () => {
    const unit = shard('a', { hoursAgo: 24 });
    const refused = expect.objectContaining({
      code: 'STATE_NOT_EDITABLE',
      message: 'shard:a of orders was last read 1 d 0 h ago: it cannot go back to its start',
    });
    expect(() => changeOf(table(unit), [toStart(unit)], NOW_MS)).toThrow(refused);
    // A number is missed when it is trimmed.
    expect(changeOf(table(unit), [{ ...unit, position: 'after 2' }], NOW_MS).backCount).toBe(1);
  });

  test('refuses it also where the shard only comes after one that goes back', () => {
    const [parent, child] = [shard('p', { position: 'end' }), shard('c', { parent: 'p', hoursAgo: 25 })];
    expect(() => changeOf(table(parent, child), [{ ...parent, position: 'after 3' }], NOW_MS)).toThrow(
      'shard:c of orders',
    );
  });

  test('refuses it for a finished shard of that age, too: the next run would take it for a gap', () => {
    const unit = shard('e', { position: 'end', hoursAgo: 40 });
    expect(() => changeOf(table(unit), [toStart(unit)], NOW_MS)).toThrow('shard:e of orders');
    const young = shard('y', { position: 'end', hoursAgo: 4 });
    expect(changeOf(table(young), [toStart(young)], NOW_MS).backCount).toBe(1);
  });

  test('refuses to move a segment forward while the table is read again: its rows would be taken for deleted', () => {
    const segment: UnitState = { unit: 'segment:3/8', epoch: 1, position: 'start', shard: null };
    const reread = { ...stream, gapEndMs: NOW_MS - HOUR_MS };
    const change = (of: EditableTable['stream'], position: UnitState['position']) =>
      changeOf({ ...table(shard('a'), segment), stream: of }, [{ ...segment, position }], NOW_MS);
    const refused = expect.objectContaining({
      code: 'STATE_NOT_EDITABLE',
      message:
        'Segments of orders cannot go forward while it is read again: rows in between would be taken for deleted',
      hint: expect.stringContaining('tributary reset --table orders --in-place'),
    });
    for (const position of ['end', 'after {"id":{"S":"x"}}'] as const) {
      expect(() => change(reread, position)).toThrow(refused);
      expect(change(stream, position)).toMatchObject({ forwardCount: 1, forwardSegmentCount: 1 });
    }
    const read: UnitState = { ...segment, position: 'end' };
    const back = changeOf({ ...table(read), stream: reread }, [segment], NOW_MS);
    expect(back).toMatchObject({ units: [{ unit: 'segment:3/8', position: 'start' }], forwardCount: 0 });
  });

  test('leaves an unread shard where it is, whatever its age', () => {
    const unit = shard('s', { position: 'start', hoursAgo: 40 });
    expect(changeOf(table(unit), [toStart(unit)], NOW_MS).backCount).toBe(0);
  });
});
