import CliTable from 'cli-table3';
import pc from 'picocolors';
import { systemCodeOf } from '../platform/errors.ts';
import { toJsonText } from './json.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** Where text goes: a stream of this process, or a collector in tests. */
export interface TextSink {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What a command answers. The only writer of stdout; logs, questions and progress go to stderr. */
export interface Output {
  readonly colors: Colors;
  /** One line or several for people. */
  text(lines: string): void;
  /** Aligned columns for people. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void;
  /** One JSON document in one line, keys in snake_case. */
  json(value: unknown): void;
  /** Whether a JSON document was printed. */
  hasAnswered(): boolean;
}

export function createOutput(stdout: TextSink, colors: Colors): Output {
  // The reader of a pipe may leave early (`tributary discover | head`): that is not an error of ours.
  let isClosed = false;
  let hasAnswered = false;
  stdout.on('error', (error) => {
    if (systemCodeOf(error) !== 'EPIPE') throw error;
    isClosed = true;
  });
  const print = (text: string): void => {
    if (!isClosed) stdout.write(`${text}\n`);
  };
  return {
    colors,
    text: print,
    table: (head, rows) => print(renderTable(head, rows, colors)),
    json: (value) => {
      hasAnswered = true;
      print(toJsonText(value));
    },
    hasAnswered: () => hasAnswered,
  };
}

/** Colours for a terminal; none into a pipe, with NO_COLOR, or on a dumb terminal. */
export function colorsFor(sink: TextSink, environment: Readonly<Record<string, string | undefined>>): Colors {
  const isWanted = sink.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  return pc.createColors(isWanted);
}

/** Columns without lines between them. */
function renderTable(head: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string {
  const none = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'];
  const lines = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'];
  const table = new CliTable({
    chars: { ...Object.fromEntries([...none, ...lines].map((name) => [name, ''])), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(
    head.map((title) => colors.bold(title)),
    ...rows.map((row) => [...row]),
  );
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
