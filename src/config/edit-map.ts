import { isDeepStrictEqual } from 'node:util';
import {
  Document,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  type Node,
  type Pair,
  stringify,
  visit,
  type YAMLMap,
} from 'yaml';
import { TributaryError } from '../platform/errors.ts';
import { parseYaml } from './config-text.ts';

/** A change to the entries of one map of a YAML file. */
export interface MapEdit {
  readonly path: readonly string[];
  /** Entries to add, or to change to this value; the options of a map that is there already are changed one by one. */
  readonly set: readonly (readonly [name: string, value: unknown])[];
  readonly remove: readonly string[];
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Edits entries in the text itself: only lines of entries that change are written anew, because rendering the whole
 * document would move comments and alignment everywhere. A map that does not exist yet, is empty or stands in one line
 * is an entry of its parent, and that entry changes. `yaml` is valid.
 */
export function editMap(yaml: string, { path, set, remove }: MapEdit): string {
  const document = parseYaml(yaml);
  const map = nodeAt(document, path);
  if (!isMap(map) || map.items.length === 0 || map.flow) {
    const name = path.at(-1);
    const changed = { ...plain(map, document), ...Object.fromEntries(set) };
    for (const removed of remove) delete changed[removed];
    if (name === undefined) return stringify(changed, { lineWidth: 0, aliasDuplicateObjects: false });
    if (isDeepStrictEqual(changed, plain(map, document))) return yaml;
    return editMap(yaml, { path: path.slice(0, -1), set: [[name, changed]], remove: [] });
  }
  const indent = indentOf(yaml);
  const column = columnOf(yaml, startOf(pairOf(map.items.at(0))));
  const splices: Splice[] = [];
  for (const name of remove) {
    const pair = findPair(map, name);
    if (pair) splices.push({ start: lineStart(yaml, startOf(pair)), end: nextLine(yaml, endOf(yaml, pair)), text: '' });
  }
  let added = '';
  for (const [name, value] of set) {
    const pair = findPair(map, name);
    if (pair)
      splices.push({
        start: startOf(pair),
        end: endOf(yaml, pair),
        text: rewritten({ yaml, pair, value, indent, column }),
      });
    else added += `${' '.repeat(column)}${indented(render(name, value, indent), column)}\n`;
  }
  if (added !== '') {
    const start = nextLine(yaml, endOf(yaml, pairOf(map.items.at(-1))));
    splices.push({ start, end: start, text: yaml[start - 1] === '\n' ? added : `\n${added}` });
  }
  return applied(yaml, splices);
}

/** From the last to the first, so that offsets stay true; of two at one place the insertion goes first. */
function applied(text: string, splices: readonly Splice[]): string {
  return splices
    .toSorted((a, b) => b.start - a.start)
    .reduce(
      (result, { start, end, text: replacement }) => result.slice(0, start) + replacement + result.slice(end),
      text,
    );
}

interface Rewrite {
  readonly yaml: string;
  readonly pair: Pair;
  readonly value: unknown;
  readonly indent: number;
  readonly column: number;
}

/** The entry with its new value, the comments inside of it kept. */
function rewritten({ yaml, pair, value, indent, column }: Rewrite): string {
  const present = yaml.slice(startOf(pair), endOf(yaml, pair));
  const margin = new RegExp(`\n {0,${column}}`, 'g');
  const document = parseYaml(present.replaceAll(margin, '\n'));
  const entry = isMap(document.contents) ? document.contents.items[0] : undefined;
  if (document.errors.length > 0 || entry === undefined) {
    throw new TributaryError('BUG', `The entry ${String(pair.key)} cannot be read on its own`);
  }
  if (isMap(entry.value) && entry.value.items.length > 0 && isRecord(value)) setEntries(entry.value, value, document);
  else document.set(entry.key, newNode(document, value));
  return indented(document.toString({ lineWidth: 0, indent }).trimEnd(), column);
}

function setEntries(map: YAMLMap, wanted: Readonly<Record<string, unknown>>, document: Document): void {
  map.items = map.items.filter(({ key }) => Object.hasOwn(wanted, keyText(key)));
  for (const [name, value] of Object.entries(wanted)) {
    const pair = findPair(map, name);
    if (pair === undefined) map.set(name, newNode(document, value));
    else if (JSON.stringify(toJs(pair.value, document)) !== JSON.stringify(value))
      pair.value = newNode(document, value);
  }
}

/** `name: value` in its own lines. */
function render(name: string, value: unknown, indent: number): string {
  const document = new Document({});
  document.set(name, newNode(document, value));
  return document.toString({ lineWidth: 0, indent }).trimEnd();
}

/** Lists and maps of a single option stand in one line; an object that occurs twice is written twice. */
function newNode(document: Document, value: unknown): Node {
  const node = document.createNode(value, { aliasDuplicateObjects: false });
  visit(node, {
    Map: (_, map) => {
      map.flow = map.items.length === 1 && isScalar(map.items[0]?.value);
    },
    Seq: (_, list) => {
      list.flow = true;
    },
  });
  return node;
}

function nodeAt(document: Document, path: readonly string[]): unknown {
  let at: unknown = document.contents;
  for (const step of path) at = isMap(at) ? findPair(at, step)?.value : undefined;
  return at;
}

/** By its text: a table called 2024 may stand there as a number. */
function findPair(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(({ key }) => keyText(key) === name);
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function pairOf(pair: Pair | undefined): Pair {
  if (pair === undefined) throw new TributaryError('BUG', 'A map of the configuration has no entries');
  return pair;
}

function startOf({ key }: Pair): number {
  return isNode(key) ? (key.range?.[0] ?? 0) : 0;
}

/** Behind the last character of the value, without the comment and the line end that follow it. */
function endOf(text: string, pair: Pair): number {
  let end = valueEnd(pair);
  // A block scalar ends behind its line end.
  while (/\s/.test(text[end - 1] ?? '')) end--;
  return end;
}

function valueEnd({ key, value }: Pair): number {
  const last: unknown = isCollection(value) && !value.flow ? (value.items.at(-1) ?? value) : value;
  if (isPair(last)) return valueEnd(last);
  if (isMap(last) && !last.flow && last.items.length > 0) return valueEnd(pairOf(last.items.at(-1)));
  return (isNode(last) ? last.range?.[1] : undefined) ?? (isNode(key) ? (key.range?.[1] ?? 0) : 0);
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

function indented(text: string, column: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(column)}`);
}

/** Spaces of the first indented option; 2 where nothing is indented. */
function indentOf(yaml: string): number {
  return /^ +(?=[^\s#-])/m.exec(yaml)?.[0].length ?? 2;
}

function plain(node: unknown, document: Document): Record<string, unknown> {
  const value = toJs(node, document);
  return isRecord(value) ? { ...value } : {};
}

function toJs(node: unknown, document: Document): unknown {
  return isNode(node) ? node.toJS(document) : node;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
