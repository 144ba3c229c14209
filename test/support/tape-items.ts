import { Kind, TAPE_ENTRY_WORDS, type TapePage } from '../../src/model/tape.ts';
import { entryText } from '../../src/transcode/tape-text.ts';
import { bytesOf, kindOf, nextIndex, textOf } from '../../src/transcode/value.ts';
import type { DynamoItem, DynamoValue } from './dynamo-item.ts';

/** The rows of a page as DynamoDB JSON, sets sorted: what deep equality can compare, whatever the order of names. */
export function itemsOfPage(page: TapePage): readonly DynamoItem[] {
  return Array.from({ length: page.rowCount }, (_, row) =>
    membersBetween(page, page.rowStarts[row] ?? 0, page.rowStarts[row + 1] ?? 0),
  );
}

function membersBetween(page: TapePage, start: number, end: number): DynamoItem {
  const members: [string, DynamoValue][] = [];
  for (let i = start; i < end; i = nextIndex(page, i + TAPE_ENTRY_WORDS)) {
    members.push([entryText(page, i), valueAt(page, i + TAPE_ENTRY_WORDS)]);
  }
  return Object.fromEntries(members);
}

function valueAt(page: TapePage, index: number): DynamoValue {
  const end = nextIndex(page, index);
  switch (kindOf(page, index)) {
    case Kind.S:
      return { S: textOf(page, index) };
    case Kind.N:
      return { N: textOf(page, index) };
    case Kind.B:
      return { B: bytesOf(page, index).toString('base64') };
    case Kind.true:
      return { BOOL: true };
    case Kind.false:
      return { BOOL: false };
    case Kind.null:
      return { NULL: true };
    case Kind.M:
      return { M: membersBetween(page, index + TAPE_ENTRY_WORDS, end) };
    case Kind.L:
      return { L: placesBetween(page, index + TAPE_ENTRY_WORDS, end).map((place) => valueAt(page, place)) };
    case Kind.SS:
      return { SS: sortedTexts(page, index + TAPE_ENTRY_WORDS, end) };
    case Kind.NS:
      return { NS: sortedTexts(page, index + TAPE_ENTRY_WORDS, end) };
    default:
      return { BS: sortedTexts(page, index + TAPE_ENTRY_WORDS, end) };
  }
}

function placesBetween(page: TapePage, start: number, end: number): number[] {
  const places: number[] = [];
  for (let i = start; i < end; i = nextIndex(page, i)) places.push(i);
  return places;
}

function sortedTexts(page: TapePage, start: number, end: number): string[] {
  return placesBetween(page, start, end)
    .map((place) => textOf(page, place))
    .sort();
}
