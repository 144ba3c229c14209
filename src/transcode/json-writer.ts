import type { TapePage } from '../model/tape.ts';

/**
 * Where JSON text of one page is written. Room for as many bytes as the body has is enough, because plain JSON is never
 * longer than the DynamoDB JSON it came from; what may be longer calls `makeRoom`. The views are the same bytes as the
 * buffers, for copying four at once.
 */
export interface JsonWriter {
  page: TapePage;
  /** Beyond what the page itself may need, wherever the writing has come to. */
  readonly extraBytes: number;
  source: DataView;
  bytes: Buffer;
  target: DataView;
}

/** Words are copied whole, so up to three bytes behind a text are written too, and overwritten by what follows. */
const OVERSHOOT_BYTES = 4;
/** Above this length the call into the runtime pays. */
const LONG_COPY_BYTES = 256;

/** A writer with room for the page and `extraBytes` more, in the memory of an earlier one where that is large enough. */
export function createJsonWriter(page: TapePage, extraBytes: number, earlier: Buffer | null = null): JsonWriter {
  const size = page.body.length + extraBytes + OVERSHOOT_BYTES;
  const isEnough = earlier !== null && earlier.buffer.byteLength >= size;
  // None of them shares its ArrayBuffer with others.
  const bytes = isEnough ? Buffer.from(earlier.buffer) : Buffer.allocUnsafeSlow(size);
  return { page, extraBytes, source: viewOf(page.body), bytes, target: viewOf(bytes) };
}

/** Points a writer to another page, with room for it. */
export function usePage(writer: JsonWriter, page: TapePage): void {
  if (writer.page === page) return;
  writer.page = page;
  writer.source = viewOf(page.body);
  if (writer.bytes.length < page.body.length + OVERSHOOT_BYTES) growTo(writer, page.body.length + OVERSHOOT_BYTES, 0);
}

/** Makes room for `bytes` beyond what may still be written; keeps the first `length` bytes. */
export function makeRoom(writer: JsonWriter, bytes: number, length: number): void {
  const needed = length + bytes + writer.page.body.length + writer.extraBytes + OVERSHOOT_BYTES;
  if (writer.bytes.length < needed) growTo(writer, needed * 2, length);
}

/** Copies bytes of the body to `at`; returns the position behind them. */
export function copyBytes({ page, source, bytes, target }: JsonWriter, start: number, end: number, at: number): number {
  const length = end - start;
  if (length > LONG_COPY_BYTES || end + OVERSHOOT_BYTES > source.byteLength) {
    page.body.copy(bytes, at, start, end);
  } else {
    for (let i = 0; i < length; i += 4) target.setInt32(at + i, source.getInt32(start + i, true), true);
  }
  return at + length;
}

function growTo(writer: JsonWriter, size: number, length: number): void {
  const longer = Buffer.allocUnsafeSlow(size);
  writer.bytes.copy(longer, 0, 0, length);
  writer.bytes = longer;
  writer.target = viewOf(longer);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
