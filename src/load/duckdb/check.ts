import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { CheckStep } from '../../model/check-step.ts';
import type { Clock } from '../../platform/clock.ts';
import { systemCodeOf, TributaryError } from '../../platform/errors.ts';
import { silentLogger } from '../../platform/logger.ts';
import { createDuckDbFile, fileExists } from './connection.ts';
import { duckDbError } from './errors.ts';
import type { DuckDbOptions } from './options.ts';
import { queryRows } from './sql.ts';

/** Whether the file and the copy can be written. Nothing is created, and a file that another program holds is not waited for. */
export async function* checkFile(
  { path, publish }: DuckDbOptions,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncIterable<CheckStep> {
  yield await step(`Write ${path}`, () => checkWritable(path));
  if (await fileExists(path).catch(() => false)) {
    const file = createDuckDbFile({ path, lockWaitMs: 0, clock, logger: silentLogger });
    yield await step(`Open ${path}`, async () => {
      const version = await file.hold(
        async (connection) => (await queryRows(connection, 'SELECT version() AS version'))[0]?.['version'],
        signal,
      );
      return `It is a DuckDB database that nobody else has open; DuckDB ${String(version)}`;
    });
  }
  if (publish !== null) yield await step(`Write ${publish}`, () => checkWritable(publish));
}

async function checkWritable(path: string): Promise<string> {
  const absolute = resolve(path);
  if (await fileExists(absolute)) {
    if ((await stat(absolute)).isDirectory()) {
      throw new TributaryError('DESTINATION_INVALID', `${path} is a folder`, { hint: 'Name a file in it.' });
    }
    await requireAccess(absolute);
    await requireAccess(dirname(absolute));
    return 'The file exists and can be written';
  }
  let folder = dirname(absolute);
  while (!(await fileExists(folder)) && folder !== dirname(folder)) folder = dirname(folder);
  await requireAccess(folder);
  return folder === dirname(absolute) ? 'The file will be created' : 'The file and its folder will be created';
}

async function requireAccess(path: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOTDIR') {
      throw new TributaryError('DESTINATION_INVALID', `${path} lies in something that is no folder`, { cause: error });
    }
    throw duckDbError(error, path);
  }
}

async function step(name: string, check: () => Promise<string>): Promise<CheckStep> {
  try {
    return { name, status: 'succeeded', message: await check(), hint: null };
  } catch (error) {
    const { message, hint } = duckDbError(error, name);
    return { name, status: 'failed', message, hint };
  }
}
