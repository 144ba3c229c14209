import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  /** A superuser. */
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Lines that psql prints for one statement or several: a row each, columns separated by `|`. */
  query(sql: string): Promise<readonly string[]>;
  /** Ends it and removes what it has written. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const USER = 'postgres';
const DEBIAN_FOLDER = '/usr/lib/postgresql';
const INSTALL = 'apt-get install postgresql';
/** PostgreSQL refuses to be run by root. */
const NOBODY = 65_534;
const MAX_ANSWER_BYTES = 1 << 28;

/**
 * Starts a PostgreSQL server of its own in a temporary folder, on a free port of loopback, with a password that nobody
 * else knows. It forgets nothing before its computer stops: without fsync. Errors: PostgreSQL is missing, with the command
 * that installs it. Takes about two seconds.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = programFolder();
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = await mkdtemp(join(tmpdir(), 'tributary-postgres-'));
  const data = join(folder, 'data');
  const password = randomBytes(16).toString('hex');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password);
  await chmod(folder, 0o700);
  if (identity.uid !== undefined) for (const path of [passwordFile, folder]) await chown(path, NOBODY, NOBODY);
  const run = promisify(execFile);
  const initialise = ['--auth=scram-sha-256', '--encoding=UTF8', '--no-locale', '--no-sync'];
  await run(
    join(programs, 'initdb'),
    ['--pgdata', data, '--username', USER, `--pwfile=${passwordFile}`, ...initialise],
    { cwd: folder, ...identity },
  );
  const port = await freePort();
  const settings = { listen_addresses: HOST, unix_socket_directories: '', fsync: 'off', full_page_writes: 'off' };
  const server = spawn(
    join(programs, 'postgres'),
    [
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...identity },
  );
  // A test run that dies must not leave the server behind.
  const killAtExit = (): boolean => server.kill('SIGQUIT');
  process.once('exit', killAtExit);
  await untilReady(server);
  return {
    host: HOST,
    port,
    user: USER,
    password,
    database: USER,
    query: async (sql) => {
      const connection = ['--host', HOST, '--port', String(port), '--username', USER, '--dbname', USER];
      const form = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1'];
      const { stdout } = await run(join(programs, 'psql'), [...connection, ...form, '--command', sql], {
        env: { ...process.env, PGPASSWORD: password },
        maxBuffer: MAX_ANSWER_BYTES,
      });
      return stdout.split('\n').filter((line) => line !== '');
    },
    stop: async () => {
      process.removeListener('exit', killAtExit);
      if (server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit');
        // Fast: sessions that are still open end with it.
        server.kill('SIGINT');
        await exited;
      }
      await rm(folder, { recursive: true });
    },
  };
}

/** Errors: where there is none. */
function programFolder(): string {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const folders = [
    ...versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN_FOLDER, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  const found = folders.find((folder) =>
    ['initdb', 'postgres', 'psql'].every((name) => existsSync(join(folder, name))),
  );
  if (found !== undefined) return found;
  throw new Error(`PostgreSQL's initdb, postgres and psql were not found. Install it: ${INSTALL}`);
}

/** Rejects when the server ends before it takes connections, with what it has said. */
async function untilReady(server: ChildProcess): Promise<void> {
  const said: string[] = [];
  const { stderr } = server;
  if (stderr === null) throw new Error('The server was started without a pipe for its log');
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`PostgreSQL ended while it was starting:\n${said.join('\n')}`)));
  });
}
