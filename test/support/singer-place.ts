import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadTarget } from '../../src/load/destination.ts';
import { singerTargetOptionsSchema } from '../../src/load/singer-target/options.ts';
import { createSingerTargetDestination } from '../../src/load/singer-target/singer-target.ts';
import type { Column } from '../../src/model/column-plan.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { parseExactJson } from './exact-json.ts';
import { type LiveRow, rowOfRecord } from './live-rows.ts';
import type { TestPlace } from './test-place.ts';

/** The smallest target that there is: it appends what it is given to a file and repeats each STATE at once. */
const APPEND_AND_ECHO = `{ print >> f }
index($0, "{\\"type\\":\\"STATE\\",\\"value\\":") == 1 { fflush(f); print substr($0, 25, length($0) - 25); fflush() }`;

/** A Singer target as a place for destinations. Its readers see the rows of the version that was activated last. */
export async function createSingerPlace(): Promise<TestPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-singer-'));
  const into = join(folder, 'messages.jsonl');
  const options = singerTargetOptionsSchema.parse({
    command: 'awk',
    args: [APPEND_AND_ECHO, `f=${into}`],
    activateVersion: true,
    inferSchema: false,
  });
  const surroundings = { name: 'out', homeFolder: folder, baseFolder: folder, clock: systemClock };
  return {
    connect: async () => createSingerTargetDestination(options, surroundings),
    readLive: async ({ source, table }, columns) => {
      if (!existsSync(into)) return null;
      return liveRows(await readFile(into, 'utf8'), { source, table }, columns);
    },
    dispose: () => rm(folder, { recursive: true }),
  };
}

function liveRows(
  messages: string,
  { source, table }: LoadTarget,
  columns: readonly Column[],
): readonly LiveRow[] | null {
  const stream = `${source}-${table.replaceAll('/', '__').replaceAll('-', '_')}`;
  const versions = new Map<string, Map<string, LiveRow>>();
  let active: string | null = null;
  const keys = columns.filter(({ key }) => key !== null);
  for (const line of messages.split('\n').slice(0, -1)) {
    const message = parseExactJson(line);
    if (message.kind !== 'object') throw new Error('A message is not a JSON object');
    const members = new Map(message.members);
    const text = (name: string): string => {
      const member = members.get(name);
      return member?.kind === 'string' || member?.kind === 'number' ? member.text : '';
    };
    if (text('stream') !== stream) continue;
    if (text('type') === 'ACTIVATE_VERSION') active = text('version');
    const record = members.get('record');
    if (record?.kind !== 'object') continue;
    const row = rowOfRecord(new Map(record.members), columns);
    const rows = versions.get(text('version')) ?? new Map<string, LiveRow>();
    rows.set(JSON.stringify(keys.map(({ name }) => row.cells.get(name))), row);
    versions.set(text('version'), rows);
  }
  return active === null ? null : [...(versions.get(active)?.values() ?? [])];
}
