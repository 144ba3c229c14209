import type { ColumnType } from '../../model/column-plan.ts';
import { TributaryError } from '../../platform/errors.ts';

interface Cast {
  /** SQL expression of the column in its wider type, each value exactly or in its canonical text. */
  readonly sql: string;
  /** Whether ALTER TYPE may use it: only without function calls, see transaction.ts. */
  readonly replayable: boolean;
}

/** How the values of a column (its name quoted) come into a wider type. `from` and `to` differ. */
export function castExpression(column: string, from: ColumnType, to: ColumnType): Cast {
  const text = `${column}::VARCHAR`;
  switch (`${from.kind} ${to.kind}`) {
    case 'bigint decimal':
    case 'decimal decimal':
      return { sql: `${column}::DECIMAL(38,${to.kind === 'decimal' ? to.scale : 0})`, replayable: true };
    case 'bigint double':
    case 'decimal double':
      // A decimal cast to double directly comes out one unit in the last place off (seen with DECIMAL(38,24)).
      return { sql: `${text}::DOUBLE`, replayable: true };
    case 'boolean text':
    case 'bigint text':
      return { sql: text, replayable: true };
    case 'decimal text':
      return { sql: withoutTrailingZeros(withLeadingZero(text)), replayable: false };
    case 'double text':
      return { sql: plainDecimal(text), replayable: false };
    case 'binary text':
      return { sql: `to_base64(${column})`, replayable: false };
    default:
      throw new TributaryError('BUG', `A ${from.kind} column cannot become ${to.kind}`);
  }
}

/** Decimals without digits before the point, DECIMAL(38,38), come as `.5` and `-.5` from DuckDB. */
export function withLeadingZero(text: string): string {
  return `regexp_replace(${text}, '^(-?)[.]', '\\10.')`;
}

function withoutTrailingZeros(text: string): string {
  return `CASE WHEN contains(${text}, '.') THEN rtrim(rtrim(${text}, '0'), '.') ELSE ${text} END`;
}

/** `1.5e-07` and `1e+22` without exponent; DuckDB writes a double with the fewest digits that lead back to it. */
function plainDecimal(text: string): string {
  const mantissa = `split_part(${text}, 'e', 1)`;
  const exponent = `split_part(${text}, 'e', 2)::INTEGER`;
  const sign = `CASE WHEN starts_with(${text}, '-') THEN '-' ELSE '' END`;
  const digits = `regexp_replace(${mantissa}, '[-.]', '', 'g')`;
  // DuckDB writes one digit before the point of a number with an exponent.
  const fraction = `rtrim('0.' || repeat('0', -1 - ${exponent}) || ${digits}, '0')`;
  const point = `1 + ${exponent}`;
  const whole = `CASE WHEN length(${digits}) <= ${point} THEN rpad(${digits}, ${point}, '0')
    ELSE left(${digits}, ${point}) || '.' || substr(${digits}, ${point} + 1) END`;
  return `CASE WHEN contains(${text}, 'e') THEN ${sign} || CASE WHEN ${exponent} < 0 THEN ${fraction} ELSE ${whole} END
    WHEN ${text} = '-0.0' THEN '0' ELSE ${withoutTrailingZeros(text)} END`;
}
