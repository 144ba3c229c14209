import { randomUUID } from 'node:crypto';
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckStep } from '../../model/check-step.ts';
import { toTributaryError } from '../../platform/errors.ts';
import { createWhole, makeFolder } from '../durable-file.ts';
import { filesError } from '../file-errors.ts';
import { readConfigFile } from './config-file.ts';
import { findExecutable } from './executable.ts';
import { lockHolder } from './folder-lock.ts';
import type { SingerTargetOptions } from './options.ts';
import type { TargetCommand } from './target-process.ts';

interface CheckOptions {
  readonly target: TargetCommand;
  readonly options: SingerTargetOptions;
  /** The state folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Whether the command can be executed and the state be kept. The target is not started: it would connect, and it has no dry run. */
export async function* checkTarget({ target, options, folder, signal }: CheckOptions): AsyncIterable<CheckStep> {
  signal.throwIfAborted();
  yield await checkCommand(target);
  if (options.configFile !== undefined) yield await checkConfigFile(options.configFile);
  yield await checkFolder(folder);
}

async function checkCommand(target: TargetCommand): Promise<CheckStep> {
  const name = `Singer target ${target.command}`;
  try {
    const message =
      `A run starts ${await findExecutable(target)}; it was not started now. What it loads is loaded at least once: after a crash rows may ` +
      'come again, which a target that upserts by key does not show';
    return { name, status: 'succeeded', message, hint: null };
  } catch (error) {
    const { message, hint } = toTributaryError(error);
    return { name, status: 'failed', message, hint };
  }
}

async function checkConfigFile(path: string): Promise<CheckStep> {
  const name = `Read ${path}`;
  try {
    await readConfigFile(path);
    return { name, status: 'succeeded', message: 'The configuration file of the target is a JSON object', hint: null };
  } catch (error) {
    const { message, hint } = toTributaryError(error);
    return { name, status: 'failed', message, hint };
  }
}

async function checkFolder(folder: string): Promise<CheckStep> {
  const name = `Write ${folder}`;
  try {
    const isNew = await probe(folder);
    const holder = isNew ? null : await lockHolder(folder);
    if (holder === null || holder.pid === process.pid) {
      const message = `The folder for bookmarks ${isNew ? 'will be created' : 'exists'} and can be written`;
      return { name, status: 'succeeded', message, hint: null };
    }
    const message = `The folder for bookmarks can be written; process ${holder.pid} loads the target at the moment`;
    return { name, status: 'warning', message, hint: 'A run that is started before that one has ended is refused.' };
  } catch (error) {
    const { message, hint } = toTributaryError(filesError(error, folder));
    return { name, status: 'failed', message, hint };
  }
}

async function probe(folder: string): Promise<boolean> {
  const made = await makeFolder(folder);
  const file = join(folder, `.tributary-check-${randomUUID()}`);
  try {
    await createWhole(file, 'Left by a check that was interrupted; can be removed.\n');
  } finally {
    await rm(file, { force: true });
    for (const one of [...made].reverse()) await rmdir(one);
  }
  return made.length > 0;
}
