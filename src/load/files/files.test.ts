import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveLines } from '../../../test/support/live-lines.ts';
import { rowOfLine } from '../../../test/support/live-rows.ts';
import { systemClock } from '../../platform/clock.ts';
import { testDestination } from '../destination.testsuite.ts';
import { createFilesDestination } from './files.ts';

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
  { crashScripts: 8, changes: 'none' },
);
