import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveLines } from '../../../test/support/live-lines.ts';
import { rowOfLine } from '../../../test/support/live-rows.ts';
import { STREAM, upsert } from '../../../test/support/stream-samples.ts';
import { tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import { testDestination } from '../destination.testsuite.ts';
import { createFilesDestination } from './files.ts';

describe('a table in files', () => {
  it('follows no stream and has no bookmarks that could be moved: its rows are only added', async () => {
    const path = await mkdtemp(join(tmpdir(), 'tributary-files-'));
    try {
      const destination = createFilesDestination({ path }, { clock: systemClock });
      const loader = tableLoader({ totalSegments: 1 });
      const bug = { code: 'BUG' };
      await expect(loader.begin(destination, 1, { stream: STREAM })).rejects.toMatchObject(bug);
      await loader.begin(destination, 1);
      const lane = await loader.open(destination, 1);
      await expect(lane.change([upsert({ id: { S: 'a' } }, 1n)])).rejects.toMatchObject(bug);
      const rewrite = { ...loader.target, version: 1, base: loader.base(1), units: [] };
      await expect(destination.runStore.rewriteUnits(rewrite)).rejects.toMatchObject({ code: 'STATE_NOT_EDITABLE' });
    } finally {
      await rm(path, { recursive: true });
    }
  });
});

testDestination(
  'JSON Lines files',
  async () => {
    const path = await mkdtemp(join(tmpdir(), 'tributary-files-'));
    return {
      connect: async () => createFilesDestination({ path }, { clock: systemClock }),
      readLive: async (target, columns) =>
        (await liveLines(path, target))?.map((line) => rowOfLine(line, columns)) ?? null,
      dispose: () => rm(path, { recursive: true }),
    };
  },
  { crashScripts: 8, changes: 'none', transactional: true },
);
