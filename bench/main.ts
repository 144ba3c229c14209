import type { Bench, Figure } from './report.ts';

/** `npm run bench -- NAME [--json] [--long]`. Loaded by name, so that one bench does not pay for the imports of another. */
const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  latency: () => import('./latency.bench.ts'),
  shards: () => import('./shards.bench.ts'),
  start: () => import('./start.bench.ts'),
  sync: () => import('./sync.bench.ts'),
  tap: () => import('./tap.bench.ts'),
  transcode: () => import('./transcode.bench.ts'),
};

const options = process.argv.slice(2);
const names = options.filter((option) => !option.startsWith('--'));
const unknown = options.filter((option) => option.startsWith('--') && option !== '--json' && option !== '--long');
const load = BENCHES[names[0] ?? ''];

if (load === undefined || names.length !== 1 || unknown.length > 0) {
  console.error(`Usage: npm run bench -- NAME [--json] [--long], NAME one of: ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 2;
} else {
  const print = options.includes('--json') ? printJson : printForPeople;
  const { bench } = await load();
  await bench({ report: print, say: (remark) => console.error(remark), long: options.includes('--long') });
}

function printJson(figure: Figure): void {
  console.log(JSON.stringify(figure));
}

function printForPeople({ bench, case: name, metric, value, unit }: Figure): void {
  console.log(`${bench}  ${name.padEnd(22)} ${metric.padEnd(28)} ${String(value).padStart(10)} ${unit}`);
}
