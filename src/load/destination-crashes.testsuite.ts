import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DynamoItem, DynamoValue } from '../../test/support/dynamo-item.ts';
import { expectRows } from '../../test/support/live-rows.ts';
import { behind, type LaneLoader, tableLoader } from '../../test/support/table-loader.ts';
import type { TestPlace } from '../../test/support/test-place.ts';
import type { Position } from '../model/position.ts';
import type { UnitId } from '../model/unit.ts';
import type { Destination } from './destination.ts';

/** What happens in one step of a run: it does its work, or it dies before or after its commit, or is overtaken. */
type Step = 'commit' | 'crash before commit' | 'crash after commit' | 'overtaken';

const PAGE_ROWS = 3;
const PAGES_PER_UNIT = 3;

/** Random crashes, compared with a model that counts durable pages. */
export function testCrashes(create: () => Promise<TestPlace>, scripts: number): void {
  it('resumes from its bookmarks after any crash, with every row once', async () => {
    const steps = fc.array(
      fc.tuple(
        fc.constantFrom<Step>('commit', 'commit', 'crash before commit', 'crash after commit', 'overtaken'),
        fc.nat({ max: 1 }),
      ),
      { minLength: 4, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const place = await create();
        try {
          await runScript(place, script);
        } finally {
          await place.dispose();
        }
      }),
      // Three of five steps are crashes: some four a script.
      { numRuns: scripts },
    );
  });
}

async function runScript(place: TestPlace, script: readonly (readonly [Step, number])[]): Promise<void> {
  let loader = tableLoader();
  /** The model: how many pages of each unit are durable. */
  const durable = new Map<UnitId, number>(loader.units.map((unit) => [unit, 0]));
  let destination: Destination = await place.connect();
  await loader.begin(destination, 1);
  let lane: LaneLoader = await loader.open(destination, 1);
  const restart = async (): Promise<void> => {
    await destination.close();
    destination = await place.connect();
    lane = await loader.open(destination, 1);
    const { source, table } = loader.target;
    const stored = await destination.runStore.readUnits(source, table);
    expect(new Map(stored.map(({ unit, position }) => [unit, position]))).toEqual(
      new Map([...durable].map(([unit, pages]) => [unit, positionAfter(unit, pages)])),
    );
  };
  const step = async (kind: Step, unit: UnitId): Promise<void> => {
    const pages = durable.get(unit) ?? 0;
    if (pages === PAGES_PER_UNIT) return;
    await lane.write(pageOf(unit, pages));
    if (kind === 'crash before commit') return restart();
    if (kind === 'overtaken') {
      const other = tableLoader();
      const successor = await other.open(destination, 1);
      await expect(lane.commit(positionAfter(unit, pages + 1), unit)).rejects.toMatchObject({ code: 'FENCED' });
      loader = other;
      lane = successor;
      return undefined;
    }
    await lane.commit(positionAfter(unit, pages + 1), unit);
    durable.set(unit, pages + 1);
    return kind === 'crash after commit' ? restart() : undefined;
  };

  for (const [kind, unitIndex] of script) await step(kind, loader.units[unitIndex] ?? 'segment:0/2');
  for (const unit of loader.units) {
    while ((durable.get(unit) ?? 0) < PAGES_PER_UNIT) await step('commit', unit);
  }
  const items = loader.units.flatMap((unit) =>
    Array.from({ length: PAGES_PER_UNIT }, (_, page) => pageOf(unit, page)).flat(),
  );
  expect(await loader.finish(destination, 1)).toEqual({ rowCount: items.length, sweptRows: 0 });
  const columns = loader.schema()?.plan.columns ?? [];
  expectRows(await place.readLive(loader.target, columns), items, columns);
  await destination.close();
}

function positionAfter(unit: UnitId, pages: number): Position {
  if (pages === 0) return 'start';
  return pages === PAGES_PER_UNIT ? 'end' : behind(`${unit} ${pages}`);
}

/** Values change their type from page to page, so that crashes also fall between changes of the schema. */
function pageOf(unit: UnitId, page: number): readonly DynamoItem[] {
  const values: readonly DynamoValue[] = [{ N: '1' }, { N: '0.25' }, { S: 'text' }];
  const value = values[page] ?? { NULL: true };
  return Array.from({ length: PAGE_ROWS }, (_, row) => ({
    id: { S: `${unit} ${page} ${row}` },
    value,
    [`only_${page}`]: { N: String(row) },
  }));
}
