import type { ErrorCode } from '../platform/error-codes.ts';
import { TributaryError } from '../platform/errors.ts';

/**
 * The same error for who runs a tap: what its hint says of the verbs and the config of `tributary` is said of the config,
 * the catalog and the state of the tap. `table`: of which it speaks, null where it is none.
 */
export function tapError(error: TributaryError, table: string | null): TributaryError {
  const { code, message, kind, context, cause } = error;
  const hint = tapHint(error, table);
  return hint === error.hint ? error : new TributaryError(code, message, { hint, kind, context, cause });
}

function tapHint({ code, hint }: TributaryError, table: string | null): string {
  if (RESET.test(hint)) {
    return `Take bookmarks.${table ?? 'TABLE'} out of the state: the next run reads the table again`;
  }
  const ours = OF_TRIBUTARY.test(hint) ? HINTS[code] : undefined;
  return ours ?? hint.replace(DEFINITION, 'in tap-dynamodb.expression-attributes ');
}

const RESET = /`tributary reset|[Rr]eset the table/;
const OF_TRIBUTARY = /`tributary |`credentials`/;
/** Of a placeholder of a projection. */
const DEFINITION = /--attribute .* expression_attributes: /;
const ENABLE_STREAM =
  'Enable a stream of the view type NEW_AND_OLD_IMAGES, then run again: the next run reads all of the table';

const HINTS: Partial<Record<ErrorCode, string>> = {
  CREDENTIALS_MISSING:
    'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: with them the tables are read, or the role of the config is assumed',
  CREDENTIALS_REJECTED:
    'Check the key pair or log in again; `aws sts get-caller-identity` shows which identity is used',
  ROLE_NOT_ASSUMABLE:
    'Compare account_id, role_name and external_id with the trust policy of the role, and the policy of the caller',
  ACCESS_DENIED: 'Allow it in a policy of the role that the config names, or of the caller where it names none',
  TABLE_NOT_FOUND: 'Compare the catalog with the output of `tap-dynamodb --discover`; check region_name',
  STREAM_NOT_FOUND: ENABLE_STREAM,
  SELECTION_INVALID: ENABLE_STREAM,
  GAP_WAITS: ENABLE_STREAM,
};
