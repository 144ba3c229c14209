import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { installedDynamoDbLocal } from './dynamodb-local-package.ts';
import { freePort } from './free-port.ts';

export interface DynamoDbLocal {
  readonly endpoint: string;
  /** Its clock, to the few seconds that it takes to start. */
  now(): number;
  /** Lets its clock run faster or slower from now on, to about a second. Only where it was started with a `speed`. */
  setSpeed(speed: number): void;
  stop(): Promise<void>;
}

const JAVA_MAJOR = 17;
const READY_TIMEOUT_MS = 60_000;
const PROBE_INTERVAL_MS = 50;
const SUITE_COMMAND = 'npx tsx scripts/with-private-network.ts npx vitest run --project dynamo';
const JAVA_INSTALL = 'apt-get install openjdk-17-jre-headless';
const FAKETIME_LIBRARIES = ['x86_64', 'aarch64'].map((arch) => `/usr/lib/${arch}-linux-gnu/faketime/libfaketime.so.1`);
const FAKETIME_INSTALL = 'apt-get install faketime';

interface DynamoDbLocalOptions {
  /** How many times as fast its clock runs. */
  readonly speed?: number;
  /** Else one that is free. */
  readonly port?: number;
}

/**
 * Starts AWS's DynamoDB Local, in memory. It listens on all interfaces and cannot be told otherwise, so
 * it runs only where loopback is the one interface. With `speed`, its clock starts at ours and runs that many times as
 * fast: at 60, shards roll every 4 minutes, iterators live for 15 seconds and records for 24 minutes; locks inside it time
 * out as much sooner, so that its first calls may answer HTTP 500. Errors: another interface is up, Java, the jar or
 * faketime is missing; each with the command that helps. Takes about 3 seconds.
 */
export async function startDynamoDbLocal(options: DynamoDbLocalOptions = {}): Promise<DynamoDbLocal> {
  const { speed = 1 } = options;
  requirePrivateNetwork(networkInterfaces());
  await requireJava();
  const folder = installedDynamoDbLocal();
  const port = options.port ?? (await freePort());
  const faketime = speed === 1 ? null : fakeTime(speed);
  const java = spawn(
    'java',
    [
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-Xmx1g',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-jar',
      'DynamoDBLocal.jar',
      '-inMemory',
      '-sharedDb',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...faketime?.environment } },
  );
  let errors = '';
  java.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  // A test run that dies must not leave the emulator behind.
  const killAtExit = (): boolean => java.kill('SIGKILL');
  process.once('exit', killAtExit);
  const endpoint = `http://127.0.0.1:${port}`;
  await untilReady(endpoint, java, () => errors);
  return {
    endpoint,
    now: () => faketime?.now() ?? Date.now(),
    setSpeed: (changed) => {
      if (faketime === null) throw new Error('DynamoDB Local was started with the clock of the machine');
      faketime.setSpeed(changed);
    },
    stop: async () => {
      process.removeListener('exit', killAtExit);
      faketime?.remove();
      if (java.exitCode !== null || java.signalCode !== null) return;
      const exited = once(java, 'exit');
      java.kill('SIGKILL');
      await exited;
    },
  };
}

/** Errors: where something else than loopback is up. */
export function requirePrivateNetwork(found: ReturnType<typeof networkInterfaces>): void {
  const interfaces = Object.entries(found);
  const others = interfaces
    .filter(([, addresses]) => addresses?.some(({ internal }) => !internal))
    .map(([name]) => name);
  if (others.length === 0 && interfaces.length > 0) return;
  const state = others.length > 0 ? `Other interfaces than loopback are up (${others.join(', ')})` : 'Loopback is down';
  throw new Error(
    `${state}, and DynamoDB Local would listen on all of them. Run the suite in a private network namespace: ${SUITE_COMMAND}`,
  );
}

/** Errors: where there is no Java, or an older one. */
export async function requireJava(): Promise<void> {
  const version = await promisify(execFile)('java', ['-version']).then(
    ({ stderr }) => Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0),
    () => 0,
  );
  if (version >= JAVA_MAJOR) return;
  const found = version === 0 ? 'no Java was found' : `Java ${version} was found`;
  throw new Error(`DynamoDB Local needs Java ${JAVA_MAJOR} or later, and ${found}. Install it: ${JAVA_INSTALL}`);
}

/** What makes a process live faster. Errors: where faketime is missing. */
function fakeTime(initialSpeed: number) {
  const library = FAKETIME_LIBRARIES.find((path) => existsSync(path));
  if (library === undefined) throw new Error(`libfaketime was not found. Install it: ${FAKETIME_INSTALL}`);
  const folder = mkdtempSync(join(tmpdir(), 'tributary-clock-'));
  const path = join(folder, 'faketime');
  let since = { realMs: Date.now(), fakeMs: Date.now(), speed: initialSpeed };
  const now = (): number => since.fakeMs + (Date.now() - since.realMs) * since.speed;
  const setSpeed = (speed: number): void => {
    since = { realMs: Date.now(), fakeMs: now(), speed };
    writeFileSync(path, `+0 x${speed}\n`);
  };
  setSpeed(initialSpeed);
  return {
    // A reset lets the clock go on from where it is; otherwise it would jump when its speed changes.
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_XRESET: '1',
    },
    now,
    setSpeed,
    remove: (): void => rmSync(folder, { recursive: true }),
  };
}

/** There is no event to wait for: the emulator says nothing when it begins to listen. */
async function untilReady(endpoint: string, java: ChildProcess, errors: () => string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await answers(endpoint))) {
    if (java.exitCode !== null || java.signalCode !== null) {
      throw new Error(`DynamoDB Local ended while it was starting: ${errors()}`);
    }
    if (Date.now() > deadline) {
      java.kill('SIGKILL');
      throw new Error(`DynamoDB Local did not answer within ${READY_TIMEOUT_MS} ms: ${errors()}`);
    }
    await delay(PROBE_INTERVAL_MS);
  }
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': 'DynamoDB_20120810.ListTables',
        'content-type': 'application/x-amz-json-1.0',
        authorization: 'AWS4-HMAC-SHA256 Credential=probe/20260101/us-east-1/dynamodb/aws4_request, Signature=0',
      },
      body: '{}',
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Not listening yet.
    return false;
  }
}
