import { open } from 'node:fs/promises';

const LINE_END = 0x0a;
const READ_BYTES = 1 << 18;

/** The lines of a file without their ends, as bytes. The file is closed when the reading ends, also half-way. */
export async function* readLines(path: string): AsyncGenerator<Buffer> {
  const handle = await open(path);
  try {
    let rest: Buffer[] = [];
    for (;;) {
      // A new one each time: lines that were handed out lie in the one before.
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(READ_BYTES));
      if (bytesRead === 0) return;
      const chunk = buffer.subarray(0, bytesRead);
      let start = 0;
      for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, start)) {
        const line = chunk.subarray(start, end);
        yield rest.length === 0 ? line : Buffer.concat([...rest, line]);
        rest = [];
        start = end + 1;
      }
      if (start < chunk.length) rest.push(chunk.subarray(start));
    }
  } finally {
    await handle.close();
  }
}
