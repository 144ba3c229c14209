import { isUtf8 } from 'node:buffer';
import { TributaryError } from '../platform/errors.ts';
import { CLOSE_BRACE, COLON, COMMA, endOfValue, expectByte, OPEN_BRACE, QUOTE, skipSpace } from './json-bytes.ts';
import { refuse } from './refuse.ts';

type Operation = 'Scan' | 'GetRecords';

/** What an answer holds beside its list: parsed value and the text it came from, by name. */
export type AnswerFields = ReadonlyMap<string, { readonly value: unknown; readonly text: string }>;

/**
 * Scans the outer object of an answer, whose members come in any order. `scanList` makes a page of the member named
 * `listName`, the others are parsed. Throws ANSWER_CORRUPT where the body is no whole answer.
 */
export function scanAnswer<Page>(body: Buffer, options: AnswerOptions<Page>): Answer<Page> {
  if (!isUtf8(body)) throw corruptAnswer(options.operation, body, 'it is not valid UTF-8');
  const answer: Answer<Page> = { page: null, fields: new Map() };
  const end = skipSpace(body, scanFields(body, options, answer));
  if (end !== body.length) refuse(body, end);
  return answer;
}

interface AnswerOptions<Page> {
  readonly operation: Operation;
  readonly listName: string;
  readonly scanList: (at: number) => { readonly page: Page; readonly end: number };
}

interface Answer<Page> {
  /** Null where the list is missing. */
  page: Page | null;
  readonly fields: Map<string, { readonly value: unknown; readonly text: string }>;
}

function scanFields<Page>(body: Buffer, options: AnswerOptions<Page>, answer: Answer<Page>): number {
  let i = skipSpace(body, expectByte(body, 0, OPEN_BRACE));
  if (body[i] === CLOSE_BRACE) return i + 1;
  for (;;) {
    const nameAt = expectByte(body, i, QUOTE) - 1;
    const nameEnd = endOfValue(body, nameAt);
    const name = parsed(body, nameAt, nameEnd).value;
    const valueAt = skipSpace(body, expectByte(body, nameEnd, COLON));
    if (name === options.listName && answer.page === null) {
      const list = options.scanList(valueAt);
      answer.page = list.page;
      i = list.end;
    } else {
      i = endOfValue(body, valueAt);
      if (typeof name !== 'string' || name === options.listName || answer.fields.has(name)) refuse(body, nameAt);
      answer.fields.set(name, parsed(body, valueAt, i));
    }
    i = skipSpace(body, i);
    if (body[i] === CLOSE_BRACE) return i + 1;
    if (body[i] !== COMMA) refuse(body, i);
    i++;
  }
}

function parsed(body: Buffer, start: number, end: number): { value: unknown; text: string } {
  const text = body.toString('utf8', start, end);
  return { value: parsedJson(body, start, text), text: text.trimEnd() };
}

/** The value of JSON text that stands at `at` of the body. */
export function parsedJson(body: Buffer, at: number, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return refuse(body, at);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function corruptAnswer(operation: Operation, body: Buffer, why: string): TributaryError {
  return new TributaryError('ANSWER_CORRUPT', `The ${operation} answer of ${body.length} bytes is not usable: ${why}`, {
    context: { bodyBytes: body.length },
  });
}
