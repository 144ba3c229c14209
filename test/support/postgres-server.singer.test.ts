import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startPostgres } from './postgres-server.ts';

test('a PostgreSQL server starts, answers, says what was wrong and is gone when it is stopped', async () => {
  const server = await startPostgres();
  expect(await server.query("CREATE TABLE t AS SELECT 1 AS n, 'ü' AS s; SELECT * FROM t")).toEqual(['1|ü']);
  await expect(server.query('SELECT * FROM missing')).rejects.toThrow(/relation "missing" does not exist/);
  await server.stop();
  await expect(once(connect(server.port, server.host), 'connect')).rejects.toThrow(/ECONNREFUSED/);
});
