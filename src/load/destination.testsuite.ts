import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../test/support/load-samples.ts';
import { neverAborted, openSubject, type Subject, type TestPlace } from '../../test/support/test-place.ts';
import type { Capabilities } from '../model/capabilities.ts';
import { testChanges } from './destination-changes.testsuite.ts';
import { testCommits } from './destination-commits.testsuite.ts';
import { testCrashes } from './destination-crashes.testsuite.ts';
import { testRandomChanges } from './destination-random-changes.testsuite.ts';
import { testValues } from './destination-values.testsuite.ts';
import { testVersions } from './destination-versions.testsuite.ts';

interface TestDestinationOptions {
  /** Random sequences of crashes that are tried: fewer where each call takes long. */
  readonly crashScripts: number;
  /** What its capabilities say; decides which tests there are. */
  readonly changes: Capabilities['changes'];
  /**
   * The same. Of a destination that is not, only what it remembers is tested for all cases: its rows may come twice, nobody
   * can count them or take them back.
   */
  readonly transactional: boolean;
}

/** What every destination must do. `create` makes an empty place; each test has its own. */
export function testDestination(
  name: string,
  create: () => Promise<TestPlace>,
  { crashScripts, changes, transactional }: TestDestinationOptions,
): void {
  describe(`${name} as a destination`, () => {
    let opened: Subject;
    const subject = (): Subject => opened;

    beforeEach(async () => {
      opened = await openSubject(await create());
    });
    afterEach(async () => {
      await opened.destination.close();
      await opened.place.dispose();
    });

    describe('that is empty', () => {
      it('answers every read with nothing', async () => {
        const { runStore } = subject().destination;
        expect(await runStore.readTables('shop')).toEqual([]);
        expect(await runStore.readUnits('shop', 'orders')).toEqual([]);
        expect(await runStore.readSchema('shop', 'orders')).toBeNull();
        expect(await runStore.readRuns('shop', 10)).toEqual([]);
        expect(await runStore.readGaps('shop')).toEqual([]);
        expect(await runStore.requestReset('shop', 'orders')).toBe(false);
        expect(await subject().destination.sample({ source: 'shop', table: 'orders' }, 3)).toEqual([]);
        expect(await subject().place.readLive({ source: 'shop', table: 'orders' }, [])).toBeNull();
      });

      it('says what it can do', () => {
        expect(subject().destination.capabilities.changes).toBe(changes);
        expect(subject().destination.capabilities.transactional).toBe(transactional);
        expect(subject().destination.gaps === undefined).toBe(changes === 'none');
      });

      it('passes its own check and stays empty', async () => {
        const statuses: string[] = [];
        for await (const { status } of subject().destination.check(neverAborted)) statuses.push(status);
        expect(statuses.length).toBeGreaterThan(0);
        expect(new Set(statuses)).toEqual(new Set(['succeeded']));
        expect(await subject().destination.runStore.readTables('shop')).toEqual([]);
      });
    });

    it('keeps run records, the latest first, and replaces one by its id', async () => {
      const { runStore } = subject().destination;
      for (const n of [2, 1, 3]) await runStore.saveRun(run(`run-${n}`, n));
      await runStore.saveRun({ ...run('run-elsewhere', 9), source: 'other' });
      const ended = { ...run('run-2', 2), endedAtMs: 5, load: { exitStatus: 1, message: 'Odd: "\n\u0000' } };
      await runStore.saveRun(ended);
      await subject().reconnect();
      expect(await subject().destination.runStore.readRuns('shop', 2)).toEqual([run('run-3', 3), ended]);
      expect(await subject().destination.runStore.readRuns('shop', 9)).toHaveLength(3);
      expect(await subject().destination.runStore.readRuns('nobody', 9)).toEqual([]);
    });

    testCommits(subject, transactional);
    testVersions(subject, transactional);
    testValues(subject, transactional);
    testCrashes(create, crashScripts);
    if (changes === 'none') return;
    testChanges(subject, { changes, isTransactional: transactional });
    if (transactional) testRandomChanges({ create, changes, scripts: crashScripts });
  });
}
