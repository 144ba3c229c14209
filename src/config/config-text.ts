import { type Document, isMap, isNode, isPair, LineCounter, type Node, parseDocument } from 'yaml';
import { TributaryError } from '../platform/errors.ts';
import { problemList } from '../platform/problem-list.ts';

/** Anchors may be used this often in all: a few hundred bytes of YAML can otherwise stand for gigabytes. */
const MAX_ALIAS_COUNT = 100;

export type OptionPath = readonly PropertyKey[];

/** A configuration file that is valid YAML, with the position of every option. */
export interface ConfigText {
  /** Plain values, aliases resolved. */
  readonly value: unknown;
  /** `tributary.yaml:12:7 sources.shop.region`; an option that is not there has the position of its nearest parent. */
  locate(path: OptionPath): string;
  /** Where the option begins, to sort by. */
  offset(path: OptionPath): number;
}

/** Parses YAML strictly: unique keys, few aliases. Rejects with CONFIG_SYNTAX, all syntax errors at once. */
export function parseConfigText(text: string, path: string): ConfigText {
  const lines = new LineCounter();
  const document = parseYaml(text, lines);
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => `${at(error.pos[0])} ${firstLine(error.message)}`);
    throw new TributaryError('CONFIG_SYNTAX', problemList('The configuration is not valid YAML', problems));
  }
  return {
    value: plainValue(document, path),
    locate: (optionPath) =>
      [at(offsetOf(document, optionPath)), optionPath.map(String).join('.')].filter((part) => part !== '').join(' '),
    offset: (optionPath) => offsetOf(document, optionPath),
  };
}

/** The document model of a file, which keeps comments and formatting; `lines` learns where lines begin. */
export function parseYaml(text: string, lines = new LineCounter()): Document.Parsed {
  return parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
}

function plainValue(document: Document.Parsed, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
  } catch (error) {
    // yaml throws a ReferenceError for too many aliases and for an alias without its anchor.
    throw new TributaryError('CONFIG_SYNTAX', `${path}: the aliases of the file cannot be resolved`, {
      hint: `Write the values out, or use at most ${MAX_ALIAS_COUNT} aliases.`,
      cause: error,
    });
  }
}

/** Where the key of the option stands; for list elements and unkeyed parents where the value stands. */
function offsetOf(document: Document.Parsed, path: OptionPath): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isNode(item.key) && String(item.key) === String(step));
      if (!pair) return offset;
      offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = isNode(pair.value) ? pair.value : null;
    } else {
      const child: unknown = node && 'get' in node ? node.get(step, true) : undefined;
      if (!isNode(child)) return offset;
      offset = child.range?.[0] ?? offset;
      node = child;
    }
  }
  return offset;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
