import { closeSync, openSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFifo } from '../../test/support/fifo.ts';
import { systemCodeOf, type TributaryError } from '../platform/errors.ts';
import { createSingerOutput } from './output.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-output-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const LINE_BYTES = 1_000_000;
const line = (letter: string): Buffer => Buffer.from(`${letter.repeat(LINE_BYTES - 1)}\n`);

/** Reads until so many bytes have come; between, others get their turn. */
async function readBytes(fd: number, count: number): Promise<Buffer> {
  const chunk = Buffer.alloc(65_536);
  const chunks: Buffer[] = [];
  for (let got = 0; got < count; ) {
    await new Promise(setImmediate);
    try {
      const size = readSync(fd, chunk);
      chunks.push(Buffer.from(chunk.subarray(0, size)));
      got += size;
    } catch (error) {
      if (systemCodeOf(error) !== 'EAGAIN') throw error;
    }
  }
  return Buffer.concat(chunks);
}

test.each([
  ['a pipe', false],
  ['a pipe that somebody has made non-blocking', true],
])('large messages go through %s whole and in order, while the process goes on', async (_, nonBlocking) => {
  const { readFd, writeFd } = openFifo(folder, { nonBlocking });
  const output = createSingerOutput({ fd: writeFd, onClosed: () => {} });
  const written: string[] = [];
  const writes = ['a', 'b', 'c'].map((letter) => output.write(line(letter)).then(() => written.push(letter)));
  // The pipe holds 64 kB: nothing is written as long as nobody reads, and this is not held up.
  await new Promise(setImmediate);
  expect(written).toEqual([]);
  const read = await readBytes(readFd, 3 * LINE_BYTES);
  await Promise.all(writes);
  expect(read.equals(Buffer.concat([line('a'), line('b'), line('c')]))).toBe(true);
  expect(written).toEqual(['a', 'b', 'c']);
  for (const fd of [readFd, writeFd]) closeSync(fd);
});

test('what belongs together is not torn apart by others that ask for the same', async () => {
  const { readFd, writeFd } = openFifo(folder);
  const output = createSingerOutput({ fd: writeFd, onClosed: () => {} });
  const pair = (letter: string) =>
    output.together(async () => {
      await output.write(Buffer.from(`${letter}1\n`));
      await new Promise(setImmediate);
      await output.write(Buffer.from(`${letter}2\n`));
    });
  await Promise.all([pair('a'), pair('b')]);
  expect((await readBytes(readFd, 12)).toString()).toBe('a1\na2\nb1\nb2\n');
  for (const fd of [readFd, writeFd]) closeSync(fd);
});

test('a reader that is gone ends the write that waits for it and all later ones, and is told of once', async () => {
  const { readFd, writeFd } = openFifo(folder);
  const closed: TributaryError[] = [];
  const output = createSingerOutput({ fd: writeFd, onClosed: (error) => closed.push(error) });
  const waiting = output.write(line('a'));
  await readBytes(readFd, 65_536);
  closeSync(readFd);
  const gone = { code: 'OUTPUT_CLOSED', message: 'The program that reads the messages has ended' };
  await expect(waiting).rejects.toMatchObject(gone);
  await expect(output.write(line('b'))).rejects.toMatchObject(gone);
  expect(closed).toMatchObject([gone]);
  closeSync(writeFd);
});

test('a file on a full disk is said to be that', async () => {
  const fd = openSync('/dev/full', 'w');
  const output = createSingerOutput({ fd, onClosed: () => {} });
  await expect(output.write(line('a'))).rejects.toMatchObject({
    ...{ code: 'DESTINATION_FULL', hint: expect.stringContaining('may end with half a line') },
  });
  closeSync(fd);
});
