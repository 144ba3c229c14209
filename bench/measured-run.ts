import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const usageSchema = z.object({ cpuSeconds: z.number(), peakRssMb: z.number() });

export interface MeasuredRun extends z.infer<typeof usageSchema> {
  readonly wallSeconds: number;
  readonly stdout: string;
}

/** Runs the built program and measures its whole process; rejects when it fails. */
export async function measuredRun(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<MeasuredRun> {
  const preload = new URL('./report-usage.mjs', import.meta.url).href;
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--import', preload, `${ROOT}dist/bin/tributary.js`, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const usage = child.stdio[3];
  if (!(usage instanceof Readable) || child.stdout === null || child.stderr === null) {
    throw new Error('A pipe is missing');
  }
  const texts = [text(usage), text(child.stdout), text(child.stderr)] as const;
  const [written, stdout, log, [code]] = await Promise.all([...texts, once(child, 'exit')]);
  if (code !== 0) throw new Error(`The measured process ended with ${code}:\n${log}`);
  const wallSeconds = (performance.now() - startedMs) / 1000;
  return { ...usageSchema.parse(JSON.parse(written)), wallSeconds, stdout };
}
