import type { RecordFrame } from '../model/record-frame.ts';
import { DELETED_AT, TABLE_VERSION } from './metadata-attributes.ts';
import { singerTime } from './singer-time.ts';

/*
 * Singer's messages as whole lines. The names and the shapes are those of singer-python; BATCH is that of Meltano's SDK.
 */

export function schemaMessage({
  stream,
  schema,
  keyProperties,
}: {
  readonly stream: string;
  readonly schema: unknown;
  readonly keyProperties: readonly string[];
}): Buffer {
  return message({ type: 'SCHEMA', stream, schema, key_properties: keyProperties });
}

export function stateMessage(value: unknown): Buffer {
  return message({ type: 'STATE', value });
}

export function activateVersionMessage(stream: string, version: number): Buffer {
  return message({ type: 'ACTIVATE_VERSION', stream, version });
}

/** `files` are URLs of gzipped JSON Lines, see `batchFrame`. */
export function batchMessage(stream: string, files: readonly string[]): Buffer {
  return message({ type: 'BATCH', stream, encoding: { format: 'jsonl', compression: 'gzip' }, manifest: files });
}

export interface RecordFrameOptions {
  readonly stream: string;
  /** Null: the RECORDs name none. */
  readonly version: number | null;
  /** When DynamoDB answered; null: the RECORDs do not say. */
  readonly timeExtractedMs: number | null;
  /** Whether each record says that it is not deleted: an item that was inserted again would stay deleted at the target. */
  readonly deletedAt: boolean;
}

/** What makes RECORD messages of rows. For items with an attribute `_sdc_deleted_at` of their own see `rowTails`. */
export function recordFrame({ stream, version, timeExtractedMs, deletedAt }: RecordFrameOptions): RecordFrame {
  const members = [
    `"type":"RECORD","stream":${JSON.stringify(stream)}`,
    ...(version === null ? [] : [`"version":${version}`]),
    ...(timeExtractedMs === null ? [] : [`"time_extracted":"${singerTime(timeExtractedMs)}"`]),
  ];
  return { head: Buffer.from(`{${members.join(',')},"record":{`), tail: Buffer.from(`${deletedAt ? ALIVE : ''}}}\n`) };
}

/**
 * What makes lines of a BATCH file of rows. Such lines are items without a message around them, and targets of Meltano's
 * SDK take the version from the items: without it the next ACTIVATE_VERSION would delete them. So it comes behind an
 * attribute of its name: readers take the last of two.
 */
export function batchFrame({ version, deletedAt }: Pick<RecordFrameOptions, 'version' | 'deletedAt'>): RecordFrame {
  const sweepable = version === null ? '' : `,"${TABLE_VERSION}":${version}`;
  return { head: Buffer.from('{'), tail: Buffer.from(`${deletedAt ? ALIVE : ''}${sweepable}}\n`) };
}

/** The tail of an item that was deleted, in the place of the tail of its frame. */
export function deletedTail({ tail }: RecordFrame, deletedAtMs: number): Buffer {
  return Buffer.concat([Buffer.from(`,"${DELETED_AT}":"${singerTime(deletedAtMs)}"`), tailOfOwn({ tail })]);
}

/** The tail of an item that says itself when it was deleted, whatever it means by that. */
export function tailOfOwn({ tail }: Pick<RecordFrame, 'tail'>): Buffer {
  return tail.subarray(tail.indexOf(ALIVE) === 0 ? ALIVE.length : 0);
}

const ALIVE = `,"${DELETED_AT}":null`;

function message(content: object): Buffer {
  return Buffer.from(`${JSON.stringify(content)}\n`);
}
