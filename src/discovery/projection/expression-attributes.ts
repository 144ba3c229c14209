import { messageOf, TributaryError } from '../../platform/errors.ts';

const PLACEHOLDER = /^#[A-Za-z0-9_]+$/;
/** Developer Guide, "Constraints": expression attribute names, and names of attributes, in bytes. */
const MAX_PLACEHOLDER_BYTES = 255;
const MAX_ATTRIBUTE_NAME_BYTES = 65_535;

/**
 * The text form of expression attributes: JSON pairs, with or without the braces around them, for example
 * `"#c": "comment"`. Blank text is none. Throws PROJECTION_INVALID.
 */
export function parseExpressionAttributes(text: string): Readonly<Record<string, string>> {
  const trimmed = text.trim();
  if (trimmed === '') return {};
  const braced = trimmed.startsWith('{') ? trimmed : `{${trimmed}}`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(braced);
  } catch (error) {
    throw invalid(`The expression attributes are not JSON: ${messageOf(error)}`, error);
  }
  if (typeof parsed !== 'object' || parsed === null) throw invalid('The expression attributes are not pairs of names');
  const names = Object.entries(parsed).map(([placeholder, name]: [string, unknown]) => {
    if (typeof name !== 'string') throw invalid(`The expression attribute ${placeholder} is not a text`);
    return [placeholder, name] as const;
  });
  return Object.fromEntries(names);
}

/**
 * Placeholders with their `#`, which may be left out, and the names behind them, by the rules of DynamoDB. Throws
 * PROJECTION_INVALID.
 */
export function placeholderNames(attributes: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [written, name] of Object.entries(attributes)) {
    const placeholder = written.startsWith('#') ? written : `#${written}`;
    if (!PLACEHOLDER.test(placeholder)) {
      throw invalid(`"${written}" is not a placeholder: it has to be # and then letters, digits or _`);
    }
    if (Buffer.byteLength(placeholder) > MAX_PLACEHOLDER_BYTES) {
      throw invalid(`The placeholder ${placeholder.slice(0, 20)}… is longer than ${MAX_PLACEHOLDER_BYTES} bytes`);
    }
    if (names.has(placeholder)) throw invalid(`The placeholder ${placeholder} is defined twice`);
    if (name === '') throw invalid(`The placeholder ${placeholder} stands for an empty name`);
    if (Buffer.byteLength(name) > MAX_ATTRIBUTE_NAME_BYTES) {
      throw invalid(`The name behind ${placeholder} is longer than ${MAX_ATTRIBUTE_NAME_BYTES} bytes`);
    }
    names.set(placeholder, name);
  }
  return names;
}

/** How a placeholder is defined, for people who type a command and for those who edit the file. */
export function definition(placeholder: string, name: string): string {
  return `--attribute '${placeholder}=${name}', or in the file expression_attributes: { ${JSON.stringify(placeholder)}: ${JSON.stringify(name)} }`;
}

function invalid(message: string, cause?: unknown): TributaryError {
  return new TributaryError('PROJECTION_INVALID', message, {
    hint: `Define a placeholder so: ${definition('#n', 'name')}`,
    cause,
  });
}
