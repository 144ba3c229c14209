import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Path to text of a tree that breaks no rule: every folder, and every import that is allowed but close to a violation. */
const CLEAN: Readonly<Record<string, string>> = {
  'src/platform/a.ts': "import 'node:fs';",
  'src/model/a.ts': "import '../platform/a.ts';",
  'src/config/a.ts': "import 'yaml'; import '../model/a.ts';",
  'src/transcode/a.ts': "import '../model/a.ts';",
  'src/singer/a.ts': "import '../model/a.ts';",
  'src/connection/a.ts': "import '@aws-sdk/client-x'; import '../model/a.ts';",
  'src/discovery/a.ts': "import '@aws-sdk/client-x'; import '../connection/a.ts';",
  'src/extract/a.ts': "import '../connection/a.ts'; import '../transcode/a.ts';",
  'src/schema/a.ts': "import '../model/a.ts';",
  'src/state/a.ts': "import '../singer/a.ts';",
  'src/store/a.ts': "import 'pg'; import '../model/a.ts';",
  'src/load/destination.ts': "import '../model/a.ts';",
  'src/load/registry.ts': "export const one = () => import('./duckdb/a.ts');",
  'src/load/duckdb/a.ts': "import '@duckdb/node-api'; import '../destination.ts';",
  'src/load/files/a.ts': "import '@duckdb/node-api'; import '@aws-sdk/client-x'; import '../destination.ts';",
  'src/load/destination.testsuite.ts': "import './duckdb/a.ts';",
  'src/replication/a.ts': "import '../load/destination.ts'; import '../extract/a.ts';",
  'src/jobs/a.ts': "import '../store/a.ts';",
  'src/operations/a.ts': "import '../load/registry.ts'; import '../replication/a.ts'; import '../config/a.ts';",
  'src/server/a.ts': "import '../operations/a.ts';",
  'src/cli/a.ts': "import 'commander'; import '../operations/a.ts';",
  'src/cli/demo.ts': "export const start = () => import('../simulator/a.ts');",
  'src/tap/a.ts': "import '../replication/a.ts'; import '../singer/a.ts';",
  'src/simulator/a.ts': "import '../platform/a.ts';",
  'src/app.ts': "import './cli/a.ts'; import './load/registry.ts'; export const tap = () => import('./tap/a.ts');",
  'src/bin/tributary.ts': "import '../app.ts';",
  'src/model/a.test.ts': "import '../server/a.ts'; import 'node:http'; import '../../test/support.ts';",
  'test/support.ts': "import '../src/simulator/a.ts';",
};

const PACKAGES = ['@aws-sdk/client-x', '@duckdb/node-api', 'pg', 'commander', 'yaml', 'left-pad'];

interface Injection {
  readonly path: string;
  readonly text: string;
  /** Files that the violation needs besides its own. */
  readonly with?: Readonly<Record<string, string>>;
}

/** One violation of each rule, each in a file of its own, so that one run shows them all. */
const INJECTED: Readonly<Record<string, Injection>> = {
  'no-cycles': {
    // A cycle is reported once, from its first file.
    path: 'src/platform/cycle-a.ts',
    text: "import './cycle-b.ts';",
    with: { 'src/platform/cycle-b.ts': "import './cycle-a.ts';" },
  },
  'layer-platform': { path: 'src/platform/bad.ts', text: "import '../model/a.ts';" },
  'layer-model': { path: 'src/model/bad.ts', text: "import '../transcode/a.ts';" },
  'layer-config': { path: 'src/config/bad.ts', text: "import '../singer/a.ts';" },
  'layer-transcode': { path: 'src/transcode/bad.ts', text: "import '../config/a.ts';" },
  'layer-singer': { path: 'src/singer/bad.ts', text: "import '../connection/a.ts';" },
  'layer-connection': { path: 'src/connection/bad.ts', text: "import '../discovery/a.ts';" },
  'layer-discovery': { path: 'src/discovery/bad.ts', text: "import type {} from '../extract/a.ts';" },
  'layer-extract': { path: 'src/extract/bad.ts', text: "import '../schema/a.ts';" },
  'layer-schema': { path: 'src/schema/bad.ts', text: "import '../load/destination.ts';" },
  'layer-state': { path: 'src/state/bad.ts', text: "import '../store/a.ts';" },
  'layer-load': { path: 'src/load/bad.ts', text: "import '../state/a.ts';" },
  'layer-store': { path: 'src/store/bad.ts', text: "import '../replication/a.ts';" },
  'layer-replication': { path: 'src/replication/bad.ts', text: "export const later = () => import('../jobs/a.ts');" },
  'layer-jobs': { path: 'src/jobs/bad.ts', text: "import '../operations/a.ts';" },
  'layer-operations': { path: 'src/operations/bad.ts', text: "import '../cli/a.ts';" },
  'layer-server': { path: 'src/server/bad.ts', text: "import '../cli/a.ts';" },
  'layer-cli': { path: 'src/cli/bad.ts', text: "import '../server/a.ts';" },
  'load-adapters-are-siblings': { path: 'src/load/duckdb/bad.ts', text: "import '../files/a.ts';" },
  'adapters-only-from-registry': { path: 'src/operations/adapter.ts', text: "import '../load/duckdb/a.ts';" },
  'registry-imports-lazily': {
    path: 'src/load/registry.ts',
    text: "import './files/a.ts'; export const one = () => import('./duckdb/a.ts');",
  },
  'registry-owners': { path: 'src/replication/registry.ts', text: "import '../load/registry.ts';" },
  'replication-sees-only-the-port': { path: 'src/replication/adapter.ts', text: "import '../store/a.ts';" },
  'jobs-get-handlers': { path: 'src/jobs/replicates.ts', text: "import '../replication/a.ts';" },
  'front-doors-use-operations': { path: 'src/cli/scans.ts', text: "import type {} from '../extract/a.ts';" },
  'cli-verbs-do-not-import-tap': { path: 'src/cli/tap.ts', text: "export const tap = () => import('../tap/a.ts');" },
  'tap-stays-light': {
    path: 'src/tap/heavy.ts',
    text: "import '../singer/heavy.ts';",
    with: { 'src/singer/heavy.ts': "import '../jobs/a.ts';" },
  },
  'singer-owners': { path: 'src/extract/singer.ts', text: "import '../singer/a.ts';" },
  'simulator-stands-alone': { path: 'src/simulator/bad.ts', text: "import '../model/a.ts';" },
  'simulator-owners': { path: 'src/operations/simulator.ts', text: "import '../simulator/a.ts';" },
  'simulator-is-loaded-lazily': { path: 'src/cli/demo.ts', text: "import '../simulator/a.ts';" },
  'config-owners': { path: 'src/extract/configured.ts', text: "import '../config/a.ts';" },
  'aws-sdk-owners': { path: 'src/operations/aws.ts', text: "import '@aws-sdk/client-x';" },
  'duckdb-owners': { path: 'src/operations/duckdb.ts', text: "import type {} from '@duckdb/node-api';" },
  'pg-owners': { path: 'src/operations/pg.ts', text: "import 'pg';" },
  'cli-parser-owners': { path: 'src/operations/parses.ts', text: "import 'commander';" },
  'yaml-owners': { path: 'src/operations/yaml.ts', text: "import 'yaml';" },
  'pure-layers-do-no-io': { path: 'src/transcode/reads.ts', text: "import 'node:fs/promises';" },
  'production-never-imports-tests': { path: 'src/operations/tested.ts', text: "import '../../test/support.ts';" },
  'platform-imports-node-only': { path: 'src/platform/left-pad.ts', text: "import 'left-pad';" },
  'bin-is-thin': { path: 'src/bin/thick.ts', text: "import '../operations/a.ts';" },
};

const cruiseResult = z.object({
  summary: z.object({ violations: z.array(z.object({ rule: z.object({ name: z.string() }), from: z.string() })) }),
});
const rules = z
  .object({ forbidden: z.array(z.object({ name: z.string() })) })
  .parse(createRequire(import.meta.url)('../.dependency-cruiser.cjs'));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-imports-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function plant(tree: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder, tree);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\nexport {};\n`);
  }
  return root;
}

/** Output of a tool of ours; tools that find something exit with an error, which is not one here. */
async function run(cwd: string, tool: string, args: readonly string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    const script = join(ROOT, 'node_modules', tool);
    execFile(process.execPath, [script, ...args], { cwd, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      if (error && stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve(stdout);
    });
  });
}

async function violations(tree: string, files: Readonly<Record<string, string>>): Promise<ReadonlySet<string>> {
  const root = await plant(tree, files);
  await cp(join(ROOT, '.dependency-cruiser.cjs'), join(root, '.dependency-cruiser.cjs'));
  await cp(join(ROOT, 'tsconfig.json'), join(root, 'tsconfig.json'));
  for (const name of PACKAGES) {
    await mkdir(join(root, 'node_modules', name), { recursive: true });
    await writeFile(join(root, 'node_modules', name, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
    await writeFile(join(root, 'node_modules', name, 'index.js'), '');
  }
  const args = ['src', 'test', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const { summary } = cruiseResult.parse(
    JSON.parse(await run(root, 'dependency-cruiser/bin/dependency-cruise.mjs', args)),
  );
  return new Set(summary.violations.map(({ rule, from }) => `${rule.name} in ${from}`));
}

describe('the import rules', () => {
  test('let a clean tree pass', async () => {
    expect(await violations('clean', CLEAN)).toEqual(new Set());
  });

  test('fire on an injected violation, every one of them', async () => {
    const names = rules.forbidden.map(({ name }) => name);
    expect(Object.keys(INJECTED).sort()).toEqual([...names].sort());
    const injected = Object.values(INJECTED).map(({ path, text, with: others }) => ({ ...others, [path]: text }));
    const found = await violations('broken', Object.assign({ ...CLEAN }, ...injected));
    const expected = Object.entries(INJECTED).map(([rule, { path }]) => `${rule} in ${path}`);
    expect(expected.filter((violation) => !found.has(violation))).toEqual([]);
  });
});

describe('the lint rules', () => {
  test('fire on what must not be written', async () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, n) => `export const v${n} = ${n};`).join('\n');
    const root = await plant('lint', {
      'src/any.ts': 'export const a = (value: any): unknown => value;',
      'src/non-null.ts': 'export const b = (value: string | null): string => value!;',
      'src/long.ts': lines(500),
      'src/short.ts': lines(400),
      'src/prints.ts': 'console.log(1);',
      'src/environment.ts': 'export const home = process.env.HOME;',
      'src/standard.ts': 'export default 1;',
      'src/floats.ts': 'async function later(): Promise<void> {}\nlater();',
      'src/CamelCase.ts': 'export const c = 1;',
      'src/listing.ts': 'export enum Color { red }',
    });
    await cp(join(ROOT, 'biome.json'), join(root, 'biome.json'));
    const output = await run(root, '@biomejs/biome/bin/biome', ['lint', '--vcs-enabled=false', '--reporter=json', '.']);
    const { diagnostics } = z
      .object({
        diagnostics: z.array(
          z.object({ severity: z.string(), category: z.string(), location: z.object({ path: z.unknown() }) }),
        ),
      })
      .parse(JSON.parse(output));
    const errors = diagnostics
      .filter(({ severity }) => severity === 'error')
      .map(({ category, location }) => `${category.split('/').at(-1)} ${JSON.stringify(location.path)}`);
    for (const [rule, file] of [
      ['noExplicitAny', 'any.ts'],
      ['noNonNullAssertion', 'non-null.ts'],
      ['noExcessiveLinesPerFile', 'long.ts'],
      ['noConsole', 'prints.ts'],
      ['noProcessEnv', 'environment.ts'],
      ['noDefaultExport', 'standard.ts'],
      ['noFloatingPromises', 'floats.ts'],
      ['useFilenamingConvention', 'CamelCase.ts'],
      ['noEnum', 'listing.ts'],
    ]) {
      expect(errors.filter((error) => error.startsWith(`${rule} `) && error.includes(String(file)))).not.toEqual([]);
    }
    expect(errors.filter((error) => error.includes('short.ts'))).toEqual([]);
  });

  test('are not switched off anywhere, and no file is longer than 500 lines', async () => {
    // Put together here, so that this file does not find itself.
    const suppression = new RegExp(`${['biome', 'ignore'].join('-')}|@${'ts'}-(ignore|expect-error|nocheck)`);
    for (const top of ['src', 'test', 'bench', 'scripts']) {
      for (const path of await readdir(join(ROOT, top), { recursive: true })) {
        if (!path.endsWith('.ts')) continue;
        const text = await readFile(join(ROOT, top, path), 'utf8');
        expect(text.split('\n').length - 1, `lines of ${top}/${path}`).toBeLessThanOrEqual(500);
        expect(suppression.exec(text)?.[0], `suppressions in ${top}/${path}`).toBeUndefined();
      }
    }
  });
});
