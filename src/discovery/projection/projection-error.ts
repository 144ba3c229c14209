import { TributaryError } from '../../platform/errors.ts';

/** PROJECTION_INVALID with a marker under the character of the expression, for example under the second word. */
export function projectionError(
  expression: string,
  position: number,
  problem: { readonly message: string; readonly hint: string },
): TributaryError {
  const { line, column } = lineAt(expression, position);
  const marker = `${' '.repeat(column)}^`;
  return new TributaryError(
    'PROJECTION_INVALID',
    `The projection is not valid at character ${position + 1}: ${problem.message}\n  ${line}\n  ${marker}`,
    { hint: problem.hint, context: { position } },
  );
}

/** The line of a text that has the position, with tabs as one blank each so that the marker stands right. */
function lineAt(expression: string, position: number): { readonly line: string; readonly column: number } {
  const start = expression.lastIndexOf('\n', position - 1) + 1;
  const end = expression.indexOf('\n', position);
  const line = expression.slice(start, end < 0 ? undefined : end).replace(/[\t\r]/g, ' ');
  return { line, column: position - start };
}
