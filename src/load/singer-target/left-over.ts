import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';
import { formatDuration } from '../../platform/format.ts';
import type { Logger } from '../../platform/logger.ts';
import { endProcess, groupLeftBy, type ProcessIdentity, standingOf } from '../../platform/process-identity.ts';
import { readIfPresent, writeWhole } from '../durable-file.ts';
import { storedIdentity } from './stored-identity.ts';
import { GRACE_MS } from './target-process.ts';

/*
 * A target outlives a loader that is killed: its input ends, and it loads what it still holds, which may be older than what
 * the next loader sends. So which process runs is remembered before it does anything, and is waited for before another one
 * is started. Pid and start time name it: no other process is ever ended. Its group counts as it does: behind a wrapper
 * that has ended, the one that loads may still run.
 */

const POLL_MS = 100;

const targetFile = z.object({ target: storedIdentity, command: z.string() });

/** Remembers the process of the target, durably. */
export async function rememberTarget(folder: string, command: string, target: ProcessIdentity): Promise<void> {
  await writeWhole(targetPath(folder), [`${JSON.stringify({ target, command })}\n`]);
}

/** After it has ended: waits for what is left of its group, then ends that. Rejects with TARGET_HUNG when it cannot be ended. */
export async function forgetTarget(folder: string, clock: Clock): Promise<void> {
  const path = targetPath(folder);
  const text = await readIfPresent(path);
  if (text === null) return;
  const { target } = parseTarget(text, path);
  await hasEndedWithin(target, { ms: GRACE_MS, clock });
  await endProcess(target, { graceMs: GRACE_MS, clock });
  await rm(path, { force: true });
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
  const orphans = await groupLeftBy(target);
  if (standing === 'alive' || orphans.length > 0) {
    const still = standing === 'alive' ? `process ${pid}` : processList(orphans);
    log.warning(
      `The target ${command} of a run that was killed still runs as ${still}: waits up to ${formatDuration(patienceMs)} for it to load what it holds`,
    );
    const hasEnded = await hasEndedWithin(target, { ms: patienceMs, clock });
    // Nobody has seen the process whose group it is: it may be that of another one, which is not ours to end.
    if (!hasEnded && standing !== 'alive') throw orphanError(command, { path, pids: await groupLeftBy(target) });
    await endProcess(target, { graceMs: GRACE_MS, clock });
    log.info(`The target ${command} of that run has ended`);
  }
  await rm(path, { force: true });
}

/** Whether the target and all of its group have ended, after up to so long. */
async function hasEndedWithin(
  target: ProcessIdentity,
  { ms, clock }: { readonly ms: number; readonly clock: Clock },
): Promise<boolean> {
  const untilMs = clock.now() + ms;
  while ((await standingOf(target)) === 'alive' || (await groupLeftBy(target)).length > 0) {
    if (clock.now() >= untilMs) return false;
    await clock.sleep(POLL_MS, NEVER_ABORTED);
  }
  return true;
}

function orphanError(
  command: string,
  { path, pids }: { readonly path: string; readonly pids: readonly number[] },
): TributaryError {
  const message = `The target ${command} of a run that was killed has ended, but ${processList(pids)} of its group may still load what it held`;
  return new TributaryError('DESTINATION_LOCKED', message, {
    hint: `Wait until they have ended, or end them; when they do not belong to the target, remove ${path}.`,
    context: { pids: pids.join(', '), path },
  });
}

function processList(pids: readonly number[]): string {
  return `${pids.length === 1 ? 'process' : 'processes'} ${pids.join(', ')}`;
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
