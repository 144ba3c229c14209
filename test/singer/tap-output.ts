import { canonicalJson, type ExactJson, parseExactJson } from '../support/exact-json.ts';
import { messagesOf, type SingerMessage, type SingerState, type TapRun } from './run-tap.ts';

/** What a tap has said of one table, in a form in which equal content is equal. */
export interface StreamOutput {
  /** Kinds of messages in their order, STATE left out; several RECORDs are one. Versions are counted from 1. */
  readonly order: readonly string[];
  /** The texts of the distinct SCHEMA messages. */
  readonly schemas: readonly string[];
  /** Canonical JSON: numbers with all digits, members and sets sorted. In the order of the tap. */
  readonly records: readonly string[];
  readonly versions: readonly number[];
}

/** Attributes of the test tables that hold sets: DynamoDB does not say in which order. */
const SETS = new Set(['texts', 'numbers', 'binaries']);

export function outputOf(run: TapRun, stream: string): StreamOutput {
  const versions: number[] = [];
  const order: string[] = [];
  const schemas = new Set<string>();
  const records: string[] = [];
  for (const message of messagesOf(run)) {
    if (message.stream !== stream) continue;
    const { type, version } = message;
    if (version !== undefined && !versions.includes(version)) versions.push(version);
    const step = version === undefined ? type : `${type} ${versions.indexOf(version) + 1}`;
    if (type === 'SCHEMA') schemas.add(canonicalJson(parseExactJson(message.line)));
    if (type === 'RECORD') records.push(recordOf(message));
    if (type !== 'RECORD' || order.at(-1) !== step) order.push(step);
  }
  return { order, schemas: [...schemas], records, versions };
}

/** The order of the Python tap without its second SCHEMA, which is a listed difference. */
export function withOneSchema(order: readonly string[]): readonly string[] {
  return order.filter((step, at) => step !== 'SCHEMA' || order[at - 1] !== 'SCHEMA');
}

/** The record of a message in its canonical form. */
export function recordOf({ line }: SingerMessage): string {
  const json = parseExactJson(line);
  const record = json.kind === 'object' ? json.members.find(([name]) => name === 'record') : undefined;
  if (record === undefined) throw new Error('A message has no record');
  return canonicalRecord(record[1]);
}

export function canonicalRecord(record: ExactJson): string {
  return canonicalJson(sortedSets(record));
}

/** A canonical record without one member; `value`: only where it has that. */
export function without(record: string, member: string, value?: string): string {
  const json = parseExactJson(record);
  if (json.kind !== 'object') throw new Error('A record is no object');
  const members = json.members.filter(
    ([name, content]) => name !== member || (value !== undefined && canonicalJson(content) !== value),
  );
  return canonicalJson({ kind: 'object', members });
}

export function statesOf(run: TapRun): readonly SingerState[] {
  return messagesOf(run).flatMap(({ type, value }) => (type === 'STATE' && value !== undefined ? [value] : []));
}

export function lastState(run: TapRun): SingerState {
  const state = statesOf(run).at(-1);
  if (state === undefined) throw new Error('The tap has written no STATE');
  return state;
}

/** What a target has seen when a run ends behind a STATE: the messages up to there, and that state. */
export function cutAt(
  run: TapRun,
  isEnd: (state: SingerState) => boolean,
): { readonly seen: readonly SingerMessage[]; readonly state: SingerState } {
  const messages = messagesOf(run);
  const at = messages.findIndex(({ type, value }) => type === 'STATE' && value !== undefined && isEnd(value));
  const state = messages[at]?.value;
  if (state === undefined) throw new Error(`None of the ${statesOf(run).length} STATEs is the one to stop at`);
  return { seen: messages.slice(0, at + 1), state };
}

function sortedSets(json: ExactJson): ExactJson {
  if (json.kind === 'array') return { kind: 'array', items: json.items.map(sortedSets) };
  if (json.kind !== 'object') return json;
  const members = json.members.map(([name, value]): readonly [string, ExactJson] => {
    if (!SETS.has(name) || value.kind !== 'array') return [name, sortedSets(value)];
    const byText = (a: ExactJson, b: ExactJson): number => (canonicalJson(a) < canonicalJson(b) ? -1 : 1);
    return [name, { kind: 'array', items: [...value.items].sort(byText) }];
  });
  return { kind: 'object', members };
}
