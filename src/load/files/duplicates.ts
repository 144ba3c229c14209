import { createHash, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { parseDecimal, plainText } from '../../transcode/decimal.ts';
import { UNFINISHED } from '../durable-file.ts';
import { keyTexts, memberTexts } from '../line-members.ts';
import type { DataFile } from './log-entry.ts';
import { readLines } from './read-lines.ts';
import { repeatedHashes } from './repeated-hashes.ts';

/** Lines to leave out, by file: their numbers from 0. */
export type LosingLines = ReadonlyMap<string, ReadonlySet<number>>;

interface KeyedLine {
  readonly file: string;
  readonly number: number;
  readonly line: Buffer;
  readonly key: string;
}

const WRITE_BYTES = 1 << 20;
/** 32 MB. */
const HASHES_IN_MEMORY = 1 << 22;

/**
 * The lines whose key has another line that was read later, or at the same moment and stands further back. One reading
 * finds hashes that repeat, a second compares the keys behind them. Memory is at most 64 MB of hashes, whatever the number
 * of rows, and the keys that come twice.
 */
export async function findDuplicates(
  folder: string,
  parts: readonly DataFile[],
  keyMembers: readonly string[],
): Promise<LosingLines> {
  const repeated = await repeatedHashes(keyHashes(folder, parts, keyMembers), {
    expected: parts.reduce((sum, { rows }) => sum + rows, 0),
    inMemory: HASHES_IN_MEMORY,
    // Beside the data: what a crash leaves there, clean-up removes.
    spillPath: join(folder, dirname(parts[0]?.file ?? ''), `${randomUUID()}${UNFINISHED}`),
  });
  const losers = new Map<string, Set<number>>();
  if (repeated.size === 0) return losers;
  const best = new Map<string, { readonly file: string; readonly number: number; readonly extractedAt: string }>();
  for await (const { file, number, line, key } of keyedLines(folder, parts, keyMembers)) {
    if (!repeated.has(hashOf(key))) continue;
    const found = { file, number, extractedAt: memberTexts(line, ['_sdc_extracted_at'])[0] ?? '' };
    const rival = best.get(key);
    // ISO 8601 in UTC: the order of the texts is the order of the times.
    const loser = rival !== undefined && rival.extractedAt > found.extractedAt ? found : rival;
    if (loser !== found) best.set(key, found);
    if (loser === undefined) continue;
    const numbers = losers.get(loser.file) ?? new Set();
    losers.set(loser.file, numbers.add(loser.number));
  }
  return losers;
}

/** The lines of a file that are not left out, in pieces that are worth a write. */
export async function* linesWithout(path: string, losers: ReadonlySet<number>): AsyncGenerator<Buffer> {
  let piece: Buffer[] = [];
  let bytes = 0;
  let number = 0;
  for await (const line of readLines(path)) {
    if (!losers.has(number)) {
      piece.push(line, LINE_END);
      bytes += line.length + 1;
    }
    number += 1;
    if (bytes < WRITE_BYTES) continue;
    yield Buffer.concat(piece);
    piece = [];
    bytes = 0;
  }
  yield Buffer.concat(piece);
}

const LINE_END = Buffer.from('\n');

async function* keyHashes(
  folder: string,
  parts: readonly DataFile[],
  keyMembers: readonly string[],
): AsyncGenerator<bigint> {
  for await (const { key } of keyedLines(folder, parts, keyMembers)) yield hashOf(key);
}

async function* keyedLines(
  folder: string,
  parts: readonly DataFile[],
  keyMembers: readonly string[],
): AsyncGenerator<KeyedLine> {
  for (const { file } of parts) {
    let number = 0;
    for await (const line of readLines(join(folder, file))) {
      const texts = keyTexts(line, keyMembers);
      if (texts !== null) yield { file, number, line, key: JSON.stringify(texts.map(canonical)) };
      number += 1;
    }
  }
}

/** Numbers are lines' own digits: 1 and 1.0 are one key. */
function canonical(text: string): string {
  const decimal = text.startsWith('"') ? null : parseDecimal(text);
  return decimal === null ? text : plainText(decimal);
}

function hashOf(key: string): bigint {
  return createHash('sha1').update(key).digest().readBigUInt64LE();
}
