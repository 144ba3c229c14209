import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type MeasuredRun, measuredRun } from './measured-run.ts';
import { median } from './median.ts';
import type { Bench } from './report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = 5;
const KEYS = { AWS_ACCESS_KEY_ID: 'LOCAL', AWS_SECRET_ACCESS_KEY: 'local' };
const SIZES = { short: [1_000_000], long: [1_000_000, 10_000_000] };

const serverMessage = z.object({ port: z.number() });

/**
 * `tributary sync` of one table into DuckDB, as users run it: the built program, its whole process from start to exit. The
 * pages come over loopback from another process. Median of five; the long form reads ten million rows once.
 */
export const bench: Bench = async ({ report, say, long }) => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  for (const items of long ? SIZES.long : SIZES.short) {
    const runs: MeasuredRun[] = [];
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

async function measure(items: number): Promise<MeasuredRun> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
  const server = fork(fileURLToPath(new URL('./table-server.ts', import.meta.url)), [String(items)]);
  try {
    const { port } = serverMessage.parse((await once(server, 'message'))[0]);
    const config = join(folder, 'tributary.yaml');
    writeFileSync(config, configText(port, folder));
    return await measuredRun(['sync', '--config', config, '--home', join(folder, 'home')], KEYS);
  } finally {
    server.disconnect();
    rmSync(folder, { recursive: true });
  }
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
