import { crc32 } from 'node:zlib';

/**
 * Whether a body is what DynamoDB sent, by the `x-amz-crc32` header (decimal, over the bytes on the wire). True without a
 * header, as some emulators send none. `node:zlib` has crc32 from Node 20.15 on.
 */
export function crc32Matches(body: Buffer, header: string | undefined): boolean {
  return header === undefined || Number(header) === crc32(body);
}
