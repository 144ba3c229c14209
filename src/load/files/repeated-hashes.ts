import { createReadStream } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';

interface RepeatedHashesOptions {
  /** How many there are at most. */
  readonly expected: number;
  /** How many may be in memory; while a partition is sorted, twice as many. */
  readonly inMemory: number;
  /** Begins the paths of the files for those that are not. */
  readonly spillPath: string;
}

/** The hashes that leave the same remainder. */
interface Partition {
  readonly path: string;
  spilledCount: number;
  /** Those that are not in the file. */
  readonly latest: BigUint64Array;
  latestCount: number;
}

/**
 * The hashes that come more than once. Equal ones meet in one partition, and partitions are sorted one after the other: so
 * memory is bounded however many there are. As many as fit in memory never touch the disk.
 */
export async function repeatedHashes(
  hashes: AsyncIterable<bigint>,
  { expected, inMemory, spillPath }: RepeatedHashesOptions,
): Promise<ReadonlySet<bigint>> {
  const count = Math.max(1, Math.ceil(expected / inMemory));
  const latestLength = Math.max(1, Math.ceil(Math.min(expected, inMemory) / count));
  const partitions = Array.from({ length: count }, (_, index): Partition => {
    return { path: `${spillPath}.${index}`, spilledCount: 0, latest: new BigUint64Array(latestLength), latestCount: 0 };
  });
  try {
    for await (const hash of hashes) {
      const partition = partitions[Number(hash % BigInt(count))];
      if (partition !== undefined) await add(partition, hash);
    }
    const repeated = new Set<bigint>();
    // One for all of them: nobody can say when the garbage of such arrays is collected.
    const room = new BigUint64Array(Math.max(...partitions.map(countOf)));
    for (const partition of partitions) {
      let previous: bigint | null = null;
      for (const hash of (await readAll(partition, room)).sort()) {
        if (hash === previous) repeated.add(hash);
        previous = hash;
      }
    }
    return repeated;
  } finally {
    for (const { path } of partitions) await rm(path, { force: true });
  }
}

async function add(partition: Partition, hash: bigint): Promise<void> {
  const { path, latest } = partition;
  if (partition.latestCount === latest.length) {
    await appendFile(path, new Uint8Array(latest.buffer));
    partition.spilledCount += latest.length;
    partition.latestCount = 0;
  }
  latest[partition.latestCount] = hash;
  partition.latestCount += 1;
}

function countOf({ spilledCount, latestCount }: Partition): number {
  return spilledCount + latestCount;
}

async function readAll(partition: Partition, room: BigUint64Array<ArrayBuffer>): Promise<BigUint64Array> {
  const { path, spilledCount, latest, latestCount } = partition;
  if (spilledCount > 0) await readInto(new Uint8Array(room.buffer, 0, spilledCount * room.BYTES_PER_ELEMENT), path);
  room.set(latest.subarray(0, latestCount), spilledCount);
  return room.subarray(0, countOf(partition));
}

/** Fills `bytes` with what the file holds. */
async function readInto(bytes: Uint8Array, path: string): Promise<void> {
  let at = 0;
  for await (const piece of createReadStream(path)) {
    bytes.set(piece, at);
    at += piece.length;
  }
}
