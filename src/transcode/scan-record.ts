import { TapeFlag } from '../model/tape.ts';
import { isObject, parsedJson } from './answer-fields.ts';
import { endOfValue, expectByte, skipSpace } from './json-bytes.ts';
import { createNameTable, type NameTable } from './name-table.ts';
import { refuse } from './refuse.ts';
import { skipItem } from './scan-row.ts';
import type { ScanState } from './scan-state.ts';
import { scanText } from './scan-text.ts';
import { unescapedText } from './tape-text.ts';

/** One record of a stream, read; the same object for all records of a page. Positions are -1 where there is none. */
export interface StreamRecord {
  eventName: StreamEvent | null;
  /** Whether DynamoDB itself deleted the item because it had expired. */
  isTtl: boolean;
  sequenceNumber: string | null;
  createdAtMs: number | null;
  keysAt: number;
  newImageAt: number;
  oldImageAt: number;
}

const EVENTS = ['INSERT', 'MODIFY', 'REMOVE'] as const;
type StreamEvent = (typeof EVENTS)[number];

/** A page of records while it is read. */
export interface RecordScan {
  readonly scan: ScanState;
  readonly record: StreamRecord;
  /** Makes the item at a position the next row; returns the position behind it. */
  readonly scanNewImage: (at: number) => number;
}

export function createStreamRecord(): StreamRecord {
  return {
    eventName: null,
    isTtl: false,
    sequenceNumber: null,
    createdAtMs: null,
    keysAt: -1,
    newImageAt: -1,
    oldImageAt: -1,
  };
}

/**
 * Scans the record at `at` into `record`; returns the position behind it. Its new image is a row then, because nearly
 * always it is wanted; its keys and old image are only checked: who wants them scans them again.
 */
export function scanRecord(reading: RecordScan, at: number): number {
  Object.assign(reading.record, EMPTY);
  return scanMembers(reading, at, RECORD_MEMBERS, scanRecordMember);
}

const EMPTY: Readonly<StreamRecord> = createStreamRecord();

const EVENT_NAMES = createNameTable(EVENTS);
const RECORD_NAMES = ['eventName', 'dynamodb', 'userIdentity'] as const;
const RECORD_MEMBERS = createNameTable(RECORD_NAMES);

function scanRecordMember(reading: RecordScan, member: number, at: number): number {
  const { scan, record } = reading;
  switch (RECORD_NAMES[member]) {
    case 'eventName': {
      const end = scanString(scan, at);
      const event = EVENTS[findName(EVENT_NAMES, scan, { start: at + 1, end: end - 1 })];
      if (event === undefined) refuse(scan.body, at);
      record.eventName = event;
      return end;
    }
    case 'dynamodb':
      return scanMembers(reading, at, CHANGE_MEMBERS, scanChangeMember);
    default: {
      const end = endOfValue(scan.body, at);
      record.isTtl = isTtlService(parsedJson(scan.body, at, scan.body.toString('utf8', at, end)));
      return end;
    }
  }
}

const CHANGE_NAMES = ['NewImage', 'OldImage', 'Keys', 'SequenceNumber', 'ApproximateCreationDateTime'] as const;
const CHANGE_MEMBERS = createNameTable(CHANGE_NAMES);

function scanChangeMember({ scan, record, scanNewImage }: RecordScan, member: number, at: number): number {
  const { body } = scan;
  switch (CHANGE_NAMES[member]) {
    case 'NewImage':
      record.newImageAt = at;
      return scanNewImage(at);
    case 'OldImage':
      record.oldImageAt = at;
      return skipItem(at);
    case 'Keys':
      record.keysAt = at;
      return skipItem(at);
    case 'SequenceNumber': {
      const end = scanString(scan, at);
      const text = stringText(scan, at, end);
      if (!/^[0-9]{1,40}$/.test(text)) refuse(body, at);
      record.sequenceNumber = text;
      return end;
    }
    default: {
      const end = endOfValue(body, at);
      const seconds = parsedJson(body, at, body.toString('utf8', at, end));
      if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= MAX_SECONDS)) return refuse(body, at);
      record.createdAtMs = Math.round(seconds * 1000);
      return end;
    }
  }
}

/** No Date is later. */
const MAX_SECONDS = 8.64e12;

type ScanMember = (reading: RecordScan, member: number, at: number) => number;

/** Scans an object; `scanMember` gets the members that are in `names`, by their number, the others are checked only. */
function scanMembers(reading: RecordScan, at: number, names: NameTable, scanMember: ScanMember): number {
  const { scan } = reading;
  const { body } = scan;
  let i = skipSpace(body, expectByte(body, at, OPEN_BRACE));
  if (body[i] === CLOSE_BRACE) return i + 1;
  let seen = 0;
  for (;;) {
    const start = expectByte(body, i, QUOTE);
    const nameEnd = scanText(scan, start);
    const member = findName(names, scan, { start, end: nameEnd });
    i = skipSpace(body, expectByte(body, nameEnd + 1, COLON));
    if (member >= 0) {
      if ((seen & (1 << member)) !== 0) refuse(body, start);
      seen |= 1 << member;
    }
    // Null is how some encoders write that a member is not there.
    i = member < 0 || body[i] === LOWER_N ? skipValue(scan, i) : scanMember(reading, member, i);
    i = skipSpace(body, i);
    if (body[i] !== COMMA) break;
    i++;
  }
  return expectByte(body, i, CLOSE_BRACE);
}

/** Checks the JSON value at `at`; returns the position behind it. */
function skipValue(scan: ScanState, at: number): number {
  const { body } = scan;
  if (body[at] === QUOTE) return scanText(scan, at + 1) + 1;
  const digitsEnd = endOfDigits(body, at);
  if (digitsEnd > at && body[at] !== ZERO && (body[digitsEnd] === COMMA || body[digitsEnd] === CLOSE_BRACE)) {
    return digitsEnd;
  }
  const end = endOfValue(body, at);
  parsedJson(body, at, body.toString('utf8', at, end));
  return end;
}

function endOfDigits(body: Buffer, at: number): number {
  let i = at;
  while ((body[i] as number) >= ZERO && (body[i] as number) <= NINE) i++;
  return i;
}

/** The number that a table has for the string that was scanned last; -1 for none. */
function findName(names: NameTable, scan: ScanState, { start, end }: { start: number; end: number }): number {
  if (isEscaped(scan)) return names.idOf(unescapedText(scan.body, start, end)) ?? -1;
  return names.find(scan.body, start, end);
}

/** Scans the JSON string at `at`; returns the position behind it and leaves its flags. */
function scanString(scan: ScanState, at: number): number {
  if (scan.body[at] !== QUOTE) refuse(scan.body, at);
  return scanText(scan, at + 1) + 1;
}

/** The text of the string that was scanned last and should be ASCII. */
function stringText(scan: ScanState, at: number, end: number): string {
  return isEscaped(scan) ? unescapedText(scan.body, at + 1, end - 1) : scan.body.toString('latin1', at + 1, end - 1);
}

function isEscaped({ flags }: ScanState): boolean {
  return (flags & TapeFlag.escaped) !== 0;
}

/** Developer Guide, "DynamoDB Streams and Time to Live". Documents and SDKs differ in the case of the names. */
function isTtlService(identity: unknown): boolean {
  if (!isObject(identity)) return false;
  const members = new Map(Object.entries(identity).map(([name, value]) => [name.toLowerCase(), value]));
  return members.get('type') === 'Service' && members.get('principalid') === 'dynamodb.amazonaws.com';
}

// Declared here because imports are slow in hot code, see scan-text.ts.
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LOWER_N = 0x6e;
const ZERO = 0x30;
const NINE = 0x39;
