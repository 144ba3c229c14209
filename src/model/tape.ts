/**
 * The tape: the structure of one page of DynamoDB JSON as flat integers, written in one pass by transcode/ and walked by
 * whoever needs values (JSON lines in transcode/, typed columns in load/<name>/encode.ts). No object is made per item or
 * per value; the bytes stay where they arrived.
 *
 * Every entry is three words `[tag, start, end]`. The low byte of the tag is a `Kind`, the next byte holds flags, the
 * upper 16 bits hold the attribute id of a top-level `Kind.attribute` entry.
 *
 *   row        = attribute value, attribute value, …            (from rowStarts[r] up to rowStarts[r + 1])
 *   attribute  = Kind.attribute, start..end: bytes of the name without its quotes, still JSON-escaped
 *   S, N       = start..end: bytes of the text without its quotes, still JSON-escaped
 *   B          = start..end: bytes of the base64 text without its quotes
 *   true, false, null = start..end: bytes of the literal in the body
 *   M          = start: number of pairs, end: tape index behind its last descendant; then (attribute value)*
 *   L, SS, NS, BS = start: number of elements, end: tape index behind its last descendant; then value*
 *
 * So the entry after a scalar is 3 words on, the entry after a container is at its `end`.
 */
export const TAPE_ENTRY_WORDS = 3;

export const Kind = {
  attribute: 1,
  S: 2,
  N: 3,
  B: 4,
  true: 5,
  false: 6,
  null: 7,
  M: 8,
  L: 9,
  SS: 10,
  NS: 11,
  BS: 12,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export const TapeFlag = {
  /** The text holds a backslash: it must be unescaped before it is used outside JSON. */
  escaped: 0x100,
  /** The text holds a byte >= 0x80: without it the bytes are ASCII and `latin1Slice` decodes them. */
  nonAscii: 0x200,
  /** The N text is not already its own canonical plain decimal form (exponent, leading or trailing zeros, plus sign). */
  notPlain: 0x400,
  /** The N value is an integer. */
  integer: 0x800,
} as const;

export const KIND_MASK = 0xff;
/** `tag >>> ATTRIBUTE_ID_SHIFT` is the attribute id of a top-level attribute entry. */
export const ATTRIBUTE_ID_SHIFT = 16;
/** More different top-level attribute names than this in one table cannot be told apart on the tape. */
export const MAX_ATTRIBUTE_IDS = 0xffff;

/**
 * The top-level attribute names of one table, numbered as they are first seen. Grows, never shrinks or renumbers, so ids
 * stay valid over all pages of a run. The attributes of the primary key are numbered first: hash 0, range 1.
 */
export interface AttributeNames {
  readonly size: number;
  name(id: number): string;
}

/** One page of items, transcoded. Buffers belong to the page: nobody writes to them after transcoding. */
export interface TapePage {
  readonly body: Buffer;
  readonly tape: Int32Array;
  /** Tape index of each row's first entry, and behind the last one: rowCount + 1 numbers. */
  readonly rowStarts: Int32Array;
  readonly rowCount: number;
  readonly attributes: AttributeNames;
  readonly observed: Observed;
}

/** Kinds of values that were seen under one attribute, as bits. Sets, maps and lists are all `json`. */
export const ObservedKind = { text: 1, number: 2, binary: 4, boolean: 8, json: 16 } as const;

/** What one page showed about one top-level attribute. */
export interface AttributeObservation {
  /** Bits of ObservedKind; 0 when only NULL was seen. */
  readonly kinds: number;
  /** Rows that have the attribute, NULL values included. */
  readonly presentCount: number;
  readonly nullCount: number;
  /** Over the N values: most digits left of the decimal point (leading zeros not counted). */
  readonly integerDigits: number;
  /** Over the N values: most digits right of the decimal point (trailing zeros not counted). */
  readonly scale: number;
  /** Some N value is an integer outside of -2^63..2^63-1. */
  readonly beyondInt64: boolean;
  /** Every N value keeps its exact decimal value through an IEEE double and back. */
  readonly doubleExact: boolean;
}

/** By attribute id; undefined where the page has no row with the attribute. */
export type Observed = readonly (AttributeObservation | undefined)[];
