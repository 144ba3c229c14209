import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { median } from './median.ts';
import type { Bench } from './report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = { short: 25, long: 101 };

const manifestSchema = z.object({ version: z.string(), bin: z.record(z.string(), z.string()) });

interface Times {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

/**
 * What `--version` and `--help` of every executable cost next to a Node process that does nothing: schedulers and people
 * wait for them. Whole processes of the built program, in turn; medians.
 */
export const bench: Bench = async ({ report, say, long }) => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  const { version, bin } = manifestSchema.parse(JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')));
  const cases = Object.entries(bin).flatMap(([name, path]) => [
    { name: `${name} --version`, args: [ROOT + path, '--version'], says: version },
    { name: `${name} --help`, args: [ROOT + path, '--help'], says: name },
  ]);
  for (const { name, args, says } of cases) {
    const answer = execFileSync(process.execPath, args, { encoding: 'utf8' });
    if (!answer.includes(says)) throw new Error(`${name} does not say ${says}:\n${answer}`);
  }
  const empty: Times[] = [];
  const runs = new Map(cases.map(({ name }): [string, Times[]] => [name, []]));
  for (let round = 0; round < (long ? ROUNDS.long : ROUNDS.short); round += 1) {
    empty.push(timesOf(['-e', '0']));
    for (const { name, args } of cases) runs.get(name)?.push(timesOf(args));
  }
  const base = medians(empty);
  say(`node -e 0: ${milliseconds(base)}`);
  for (const [name, times] of runs) {
    const own = medians(times);
    say(`${name}: ${milliseconds(own)}`);
    const figure = (metric: string, value: number): void =>
      report({ bench: 'start', case: name, metric, value: Number(value.toFixed(2)), unit: 'x' });
    figure('cpu_vs_empty_node', own.cpuSeconds / base.cpuSeconds);
    figure('wall_vs_empty_node', own.wallSeconds / base.wallSeconds);
  }
};

/** By the shell's `time`, because a module that measures from inside would be a part of so short a run. */
function timesOf(args: readonly string[]): Times {
  const script = 'TIMEFORMAT="%3U %3S %3R"; { time "$@" >/dev/null 2>&1; } 2>&1';
  const printed = execFileSync('bash', ['-c', script, 'bash', process.execPath, ...args], { encoding: 'utf8' });
  const [user = Number.NaN, system = Number.NaN, wallSeconds = Number.NaN] = printed.trim().split(' ').map(Number);
  return { cpuSeconds: user + system, wallSeconds };
}

function medians(times: readonly Times[]): Times {
  return {
    cpuSeconds: median(times.map(({ cpuSeconds }) => cpuSeconds)),
    wallSeconds: median(times.map(({ wallSeconds }) => wallSeconds)),
  };
}

function milliseconds({ cpuSeconds, wallSeconds }: Times): string {
  return `${Math.round(cpuSeconds * 1000)} ms CPU, ${Math.round(wallSeconds * 1000)} ms wall`;
}
