import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Bench } from './report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = 5;
const SIZES = { short: [1_000_000], long: [1_000_000, 10_000_000] };

const serverMessage = z.object({ port: z.number() });
const usageSchema = z.object({ cpuSeconds: z.number(), peakRssMb: z.number() });

/**
 * `tributary sync` of one table into DuckDB, as users run it: the built program, its whole process from start to exit. The
 * pages come over loopback from another process. Median of five; the long form reads ten million rows once.
 */
export const bench: Bench = async ({ report, say, long }) => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  for (const items of long ? SIZES.long : SIZES.short) {
    const runs: Run[] = [];
    for (let round = 0; round < (items > 1_000_000 ? 1 : ROUNDS); round += 1) {
      const run = await measure(items);
      say(
        `${items} rows: ${run.cpuSeconds.toFixed(2)} s CPU, ${run.wallSeconds.toFixed(2)} s wall, ${run.peakRssMb} MB`,
      );
      runs.push(run);
    }
    const figure = (metric: string, value: number, unit: string): void =>
      report({ bench: 'sync', case: `${items / 1e6}M rows`, metric, value: Math.round(value), unit });
    figure('rows_per_cpu_s', items / median(runs.map(({ cpuSeconds }) => cpuSeconds)), 'rows/s');
    figure('rows_per_wall_s', items / median(runs.map(({ wallSeconds }) => wallSeconds)), 'rows/s');
    figure('peak_rss_mb', Math.max(...runs.map(({ peakRssMb }) => peakRssMb)), 'MB');
  }
};

interface Run {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakRssMb: number;
}

async function measure(items: number): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
  const server = fork(fileURLToPath(new URL('./table-server.ts', import.meta.url)), [String(items)]);
  try {
    const { port } = serverMessage.parse((await once(server, 'message'))[0]);
    const config = join(folder, 'tributary.yaml');
    writeFileSync(config, configText(port, folder));
    const startedMs = performance.now();
    const usage = await runMeasured(['sync', '--config', config, '--home', join(folder, 'home')]);
    return { ...usage, wallSeconds: (performance.now() - startedMs) / 1000 };
  } finally {
    server.disconnect();
    rmSync(folder, { recursive: true });
  }
}

/** Runs the built program; rejects when it fails. */
async function runMeasured(args: readonly string[]): Promise<z.infer<typeof usageSchema>> {
  const preload = new URL('./report-usage.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', preload, join(ROOT, 'dist/bin/tributary.js'), ...args], {
    env: { ...process.env, AWS_ACCESS_KEY_ID: 'LOCAL', AWS_SECRET_ACCESS_KEY: 'local' },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const usage = child.stdio[3];
  if (!(usage instanceof Readable) || child.stderr === null) throw new Error('A pipe is missing');
  const [written, log, [code]] = await Promise.all([text(usage), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`The measured process ended with ${code}:\n${log}`);
  return usageSchema.parse(JSON.parse(written));
}

function configText(port: number, folder: string): string {
  return [
    'sources:',
    '  shop:',
    '    region: us-east-1',
    `    endpoint: http://127.0.0.1:${port}`,
    '    destination: warehouse',
    '    tables: { replayed: { method: FULL_TABLE } }',
    'destinations:',
    `  warehouse: { type: duckdb, path: ${join(folder, 'warehouse.duckdb')} }`,
  ].join('\n');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
