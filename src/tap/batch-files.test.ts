import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBatchFiles } from './batch-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-batches-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('each batch is a gzipped file of its own, in a folder that is created', async () => {
  const batches = createBatchFiles({ folder: join(folder, 'new/deep er'), prefix: 'tap-' }, 'run1');
  const urls = [
    await batches.write('orders', Buffer.from('{"a":1}\n{"a":2}\n')),
    await batches.write('orders', Buffer.from('{"a":3}\n')),
  ];
  expect(urls).toEqual([1, 2].map((number) => `file://${folder}/new/deep%20er/tap-orders-run1-${number}.jsonl.gz`));
  const contents = await Promise.all(
    urls.map(async (url) => gunzipSync(await readFile(fileURLToPath(url))).toString()),
  );
  expect(contents).toEqual(['{"a":1}\n{"a":2}\n', '{"a":3}\n']);
});

test('a file that waits for another target is not overwritten', async () => {
  await createBatchFiles({ folder, prefix: '' }, 'run1').write('t', Buffer.from('{}\n'));
  const again = createBatchFiles({ folder, prefix: '' }, 'run1').write('t', Buffer.from('{}\n'));
  await expect(again).rejects.toMatchObject({ code: 'DESTINATION_FAILED', message: expect.stringContaining('EEXIST') });
  expect(await readdir(folder)).toHaveLength(1);
});

test('a folder that cannot be made is named before anything is to be written', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  expect(() => createBatchFiles({ folder: join(file, 'below'), prefix: '' }, 'run1')).toThrow(
    expect.objectContaining({
      ...{ code: 'DESTINATION_FAILED', kind: 'user', hint: expect.stringContaining('batch_config.storage.root') },
      message: expect.stringContaining(`The folder ${file}/below of batch files cannot be used: ENOTDIR`),
    }),
  );
});
