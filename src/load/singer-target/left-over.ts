import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';
import { formatDuration } from '../../platform/format.ts';
import type { Logger } from '../../platform/logger.ts';
import { endProcess, type ProcessIdentity, standingOf } from '../../platform/process-identity.ts';
import { readIfPresent, writeWhole } from '../durable-file.ts';
import { storedIdentity } from './stored-identity.ts';
import { GRACE_MS } from './target-process.ts';

/*
 * A target outlives a loader that is killed: its input ends, and it loads what it still holds, which may be older than what
 * the next loader sends. So which process runs is remembered before it does anything, and is waited for before another one
 * is started. Pid and start time name it: no other process is ever waited for or ended.
 */

const POLL_MS = 100;

const targetFile = z.object({ target: storedIdentity, command: z.string() });

/** Remembers the process of the target, durably. */
export async function rememberTarget(folder: string, command: string, target: ProcessIdentity): Promise<void> {
  await writeWhole(targetPath(folder), [`${JSON.stringify({ target, command })}\n`]);
}

/** After it has ended. */
export async function forgetTarget(folder: string): Promise<void> {
  await rm(targetPath(folder), { force: true });
}

interface LeftOverOptions {
  /** How long it may take to load what it still holds. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when no target of an earlier loader runs any more. Rejects with DESTINATION_LOCKED when that cannot be told. */
export async function endLeftOver(folder: string, { patienceMs, clock, log }: LeftOverOptions): Promise<void> {
  const path = targetPath(folder);
  const text = await readIfPresent(path);
  if (text === null) return;
  const { target, command } = parseTarget(text, path);
  const { pid, host } = target;
  const standing = await standingOf(target);
  if (standing === 'elsewhere') {
    const message = `The target ${command}, process ${pid} on ${host}, may still run, which cannot be looked up from here`;
    throw new TributaryError('DESTINATION_LOCKED', message, {
      hint: `When you are sure that it does not, remove ${path}.`,
      context: { pid, host, path },
    });
  }
  if (standing === 'alive') {
    log.warning(
      `The target ${command} of a run that was killed still runs as process ${pid}: waits up to ${formatDuration(patienceMs)} for it to load what it holds`,
    );
    const untilMs = clock.now() + patienceMs;
    while ((await standingOf(target)) === 'alive' && clock.now() < untilMs) await clock.sleep(POLL_MS, NEVER_ABORTED);
    await endProcess(target, { graceMs: GRACE_MS, clock });
    log.info(`Process ${pid} has ended`);
  }
  await forgetTarget(folder);
}

function targetPath(folder: string): string {
  return join(folder, 'target.json');
}

function parseTarget(text: string, path: string): z.infer<typeof targetFile> {
  try {
    return targetFile.parse(JSON.parse(text));
  } catch (error) {
    throw new TributaryError('STATE_INVALID', `${path} does not name a process in a way that this version can read`, {
      hint: `When the target does not run any more, remove ${path}.`,
      cause: error,
      context: { path },
    });
  }
}

const NEVER_ABORTED = new AbortController().signal;
