import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.ts';

/**
 * The Python tap that ours replaces and the Singer targets that it loads, each in a virtual environment of its own: their
 * dependencies exclude each other. Versions and hashes are in test/singer/requirements; docs/decisions/0004-singer-parts.md
 * says why these.
 */
const EXECUTABLES = {
  tap: 'tap-dynamodb',
  jsonl: 'target-jsonl',
  postgres: 'target-postgres',
  duckdb: 'target-duckdb',
} as const;

type SingerPart = keyof typeof EXECUTABLES;
/** Paths of executables. */
export type SingerParts = Readonly<Record<SingerPart, string>>;

const PARTS = ['tap', 'jsonl', 'postgres', 'duckdb'] as const satisfies readonly SingerPart[];
const REQUIREMENTS = join(import.meta.dirname, '..', 'singer', 'requirements');
const FETCH_COMMAND = 'npx tsx scripts/fetch-singer-parts.ts';
/** The tap's boto3 of 2020 cannot be imported by Python 3.12. */
const PYTHON_VERSIONS = ['3.11', '3.10'];
const PYTHON_INSTALL = 'apt-get install python3 python3-venv, or name one in TRIBUTARY_TEST_PYTHON';
/** Written last: a virtual environment cannot be moved to its place when it is complete. */
const COMPLETE = 'complete';

const run = promisify(execFile);

/** Errors: where they were not fetched, with the command that fetches them. */
export function installedSingerParts(): SingerParts {
  const missing = PARTS.filter((part) => !existsSync(join(folderOf(part), COMPLETE)));
  if (missing.length > 0) {
    throw new Error(
      `Singer's ${missing.join(', ')} is missing in ${partsFolder()}. Fetch it where there is a network: ${FETCH_COMMAND}`,
    );
  }
  return {
    tap: executableOf('tap'),
    jsonl: executableOf('jsonl'),
    postgres: executableOf('postgres'),
    duckdb: executableOf('duckdb'),
  };
}

/** Fetches what is not in the cache folder yet; needs Python and its registry. Takes about a minute. */
export async function fetchSingerParts(): Promise<SingerParts> {
  const missing = PARTS.filter((part) => !existsSync(join(folderOf(part), COMPLETE)));
  if (missing.length > 0) {
    const python = await findPython();
    await mkdir(partsFolder(), { recursive: true });
    for (const part of missing) await install(python, part);
  }
  return installedSingerParts();
}

async function install(python: string, part: SingerPart): Promise<void> {
  const folder = folderOf(part);
  await rm(folder, { recursive: true, force: true });
  await run(python, ['-m', 'venv', folder]);
  // Some are sources of another decade: they are built by the setuptools that is pinned, not by today's.
  for (const requirements of ['build', part]) {
    await run(join(folder, 'bin', 'python'), [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
      ...['--no-deps', '--no-build-isolation', '--require-hashes'],
      ...['--requirement', requirementsOf(requirements)],
    ]);
  }
  if (!existsSync(executableOf(part))) throw new Error(`pip has installed no ${executableOf(part)}`);
  await writeFile(join(folder, COMPLETE), '');
}

/** The first Python that can make virtual environments and run the tap. */
async function findPython(): Promise<string> {
  const named = process.env['TRIBUTARY_TEST_PYTHON'];
  const candidates =
    named === undefined ? [...PYTHON_VERSIONS.map((version) => `python${version}`), 'python3'] : [named];
  const found: string[] = [];
  for (const candidate of candidates) {
    const script = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])';
    const version = await run(candidate, ['-c', script]).then(
      ({ stdout }) => stdout.trim(),
      () => null,
    );
    if (version !== null && PYTHON_VERSIONS.includes(version)) return candidate;
    found.push(`${candidate} ${version === null ? 'cannot make virtual environments or is missing' : `is ${version}`}`);
  }
  throw new Error(
    `The Singer suites need Python ${PYTHON_VERSIONS.join(' or ')} with venv: ${found.join(', ')}. Install it: ${PYTHON_INSTALL}`,
  );
}

function executableOf(part: SingerPart): string {
  return join(folderOf(part), 'bin', EXECUTABLES[part]);
}

function folderOf(part: SingerPart): string {
  return join(partsFolder(), part);
}

/** Other pins are another folder. */
function partsFolder(): string {
  const hash = createHash('sha256');
  for (const part of ['build', ...PARTS]) hash.update(readFileSync(requirementsOf(part)));
  return join(cacheFolder(), `singer-${hash.digest('hex').slice(0, 12)}`);
}

function requirementsOf(part: string): string {
  return join(REQUIREMENTS, `${part}.txt`);
}
