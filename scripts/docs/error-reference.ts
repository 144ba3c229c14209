import { ERROR_CODES } from '../../src/platform/error-codes.ts';
import { ERROR_POLICY, type ErrorKind } from '../../src/platform/error-policy.ts';
import { GENERATED, page, table } from './markdown.ts';

const MEANINGS: { readonly [Kind in ErrorKind]: { readonly kind: Kind; readonly meaning: string } } = {
  user: { kind: 'user', meaning: 'The command, the configuration or the source needs a change' },
  permission: { kind: 'permission', meaning: 'Credentials or permissions are missing' },
  data: { kind: 'data', meaning: 'Data or stored state is not what it must be' },
  transient: { kind: 'transient', meaning: 'May pass by itself: run again, what was loaded is kept' },
  bug: { kind: 'bug', meaning: 'A defect of Tributary' },
  cancelled: { kind: 'cancelled', meaning: 'Stopped on request' },
};

/** docs/reference/errors.md: exit codes by kind, and every error code with cause and fix. */
export function errorReference(): string {
  const kinds = Object.values(MEANINGS).map(({ kind, meaning }) => {
    const { exitCode, retryRun, level } = ERROR_POLICY[kind];
    return [String(exitCode), kind, meaning, retryRun ? 'yes' : 'no', level];
  });
  const errors = Object.entries(ERROR_CODES).map(([name, { kind, cause, fix }]) => {
    const exit =
      name === 'TABLES_FAILED'
        ? 'Kind and exit code are those of the errors of its tables, see above.'
        : `Kind ${kind}, exit code ${ERROR_POLICY[kind].exitCode}.`;
    return page(`### ${name}`, exit, cause, `**Fix.** ${fix}`).trimEnd();
  });
  return page(
    GENERATED,
    '# Errors and exit codes',
    '## Exit codes',
    'A command ends with 0 when everything it was asked for is done, else with the code of the kind of its error.',
    table(
      ['Exit code', 'Kind', 'Meaning', 'Worth repeating unchanged', 'Log level'],
      [['0', '', 'Done', '', ''], ...kinds],
    ),
    'A run of which tables failed (TABLES_FAILED) ends with the code of the most serious of their errors: 70, else 4, else 3, ' +
      'else 2; with 5 only when all of them are transient, so that 5 always means that running again unchanged is worth it.',
    'A second Ctrl-C ends a command at once with 130, a second SIGTERM with 143.',
    'With `--json` a failed command prints `{"error": {"code", "kind", "message", "hint", "context"}}` on stdout.',
    '## Error codes',
    ...errors,
  );
}
