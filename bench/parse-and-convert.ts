/**
 * What one would write without a transcoder, with equally exact text: JSON.parse, then the tree to JSON text (numbers
 * copied as text, since a JavaScript number would change them, sets sorted), then bytes.
 */
export function parseAndConvert(body: Buffer): Buffer {
  const { Items } = JSON.parse(body.toString('utf8')) as { Items: Record<string, Value>[] };
  let lines = '';
  for (const item of Items) lines += `${objectText(item)}\n`;
  return Buffer.from(lines);
}

interface Value {
  readonly S?: string;
  readonly N?: string;
  readonly B?: string;
  readonly BOOL?: boolean;
  readonly NULL?: true;
  readonly M?: Record<string, Value>;
  readonly L?: readonly Value[];
  readonly SS?: readonly string[];
  readonly NS?: readonly string[];
  readonly BS?: readonly string[];
}

function objectText(members: Record<string, Value>): string {
  let text = '{';
  for (const name in members) {
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(name)}:${valueText(members[name] as Value)}`;
  }
  return `${text}}`;
}

function valueText(value: Value): string {
  if (value.S !== undefined) return JSON.stringify(value.S);
  if (value.N !== undefined) return value.N;
  if (value.M !== undefined) return objectText(value.M);
  if (value.L !== undefined) return `[${value.L.map(valueText).join(',')}]`;
  if (value.BOOL !== undefined) return value.BOOL ? 'true' : 'false';
  if (value.NULL !== undefined) return 'null';
  if (value.B !== undefined) return `"${value.B}"`;
  if (value.NS !== undefined) return `[${[...value.NS].sort((a, b) => Number(a) - Number(b)).join(',')}]`;
  return JSON.stringify([...(value.SS ?? value.BS ?? [])].sort());
}
