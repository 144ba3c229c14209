import { Option } from '@commander-js/extra-typings';
import type { ReplicationMethod, SourceConfig } from '../config/tributary-config.ts';
import { parseTableRef } from '../model/table.ts';
import type { IamResult } from '../operations/iam.ts';
import { TributaryError } from '../platform/errors.ts';
import type { CliContext } from './context.ts';
import { examples, type Program } from './program.ts';
import { loadConfigFor, selectedSource } from './selected-source.ts';
import { parseMethod } from './table-flags.ts';

/** What `--format` prints: one form alone, as it goes into a file. */
const FORMS = {
  policy: ({ policies }) => policies.map(({ document }) => pretty(document)).join('\n'),
  trust: ({ trustPolicy }) => pretty(trustPolicy),
  caller: ({ callerPolicy }) => pretty(callerPolicy),
  cli: ({ awsCli }) => awsCli,
  cloudformation: ({ cloudFormation }) => cloudFormation,
  terraform: ({ terraform }) => terraform,
  console: ({ consoleSteps }) => consoleSteps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
} satisfies Readonly<Record<string, (documents: IamResult['documents']) => string>>;

const FORMATS = ['policy', 'trust', 'caller', 'cli', 'cloudformation', 'terraform', 'console'] as const;

export function addIamVerb(program: Program, context: CliContext): void {
  program
    .command('iam')
    .summary('print the IAM documents that a source needs')
    .description(
      'Prints the least-privilege policy for the selected tables (with --table for those, while none is selected for all), ' +
        'the trust policy of a role with an external id, and the AWS commands that create both. The external id has to be ' +
        'in the configuration to be the same in the next call.',
    )
    .option('--trusted-principal <arn>', 'who may assume the role (default: the account that runs this command)')
    .addOption(
      new Option(
        '--format <form>',
        'only one form: the policy, the trust policy, the policy of the caller, a script for the AWS CLI, a template, a module, or steps',
      ).choices(FORMATS),
    )
    .addOption(
      new Option(
        '--method <method>',
        'how tables of --table will be replicated that are not selected yet (default: FULL_TABLE)',
      ).argParser(parseMethod),
    )
    .addHelpText(
      'after',
      examples(
        'tributary iam',
        'tributary iam --trusted-principal arn:aws:iam::210987654321:role/tributary',
        'tributary iam --format policy > policy.json',
        'tributary iam --table orders --format terraform',
        'tributary iam --table orders --method LOG_BASED',
      ),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      if (options.json && options.format !== undefined) {
        throw new TributaryError('USAGE', '--json and --format exclude each other', {
          hint: 'Leave one of them out: the JSON document has all forms',
        });
      }
      if (options.method !== undefined && options.table === undefined) {
        throw new TributaryError('USAGE', '--method is for tables that are named with --table');
      }
      const source = selectedSource(await loadConfigFor(options, context), options);
      const { iam } = await import('../operations/iam.ts');
      const result = await iam({
        connection: source.connection,
        accountId: source.accountId,
        tables: policyTables(source, { named: options.table ?? [], method: options.method ?? 'FULL_TABLE' }),
        trustedPrincipal: options.trustedPrincipal ?? null,
        clock: context.clock,
        signal: context.stopSignal('Stopping'),
      });
      if (options.json) context.output.json(documentsJson(source, result));
      else if (options.format === undefined) printOverview(source, result, context);
      else printForm(options.format, source, { result, context });
    });
}

/** IAM has the wildcards of our name patterns. Tables that are named need not be selected yet. */
function policyTables(
  { tables, selectNewTables }: SourceConfig,
  { named, method }: { readonly named: readonly string[]; readonly method: ReplicationMethod },
) {
  if (named.length > 0)
    return named.map((table) => ({ ref: parseTableRef(table), method: tables.get(table)?.method ?? method }));
  const selected = [...tables.values()].map((table) => ({ ref: parseTableRef(table.table), method: table.method }));
  const patterns = selectNewTables.map((table) => ({ ref: { table, index: null }, method: 'FULL_TABLE' as const }));
  return [...selected, ...patterns];
}

function documentsJson(source: SourceConfig, { documents, isNewExternalId, identityError }: IamResult) {
  return {
    source: source.name,
    nextStep: isNewExternalId ? firstStep(source) : null,
    configuration: credentialsYaml(documents),
    ...documents,
    identityError: identityError?.message ?? null,
  };
}

function firstStep({ name }: SourceConfig): string {
  return `Put these lines into tributary.yaml now, under sources.${name}: another call prints another external id otherwise`;
}

function printOverview(
  source: SourceConfig,
  { documents, isNewExternalId, identityError }: IamResult,
  { output }: CliContext,
): void {
  const { colors } = output;
  const section = (title: string, text: string): void =>
    output.text(`${colors.bold(`# ${title}`)}\n${text.trimEnd()}\n`);
  if (isNewExternalId) section(`First: ${firstStep(source)}`, credentialsYaml(documents));
  for (const { name, document } of documents.policies) section(`Policy, to be saved as ${name}.json`, pretty(document));
  section(`Trust policy of the role, to be saved as ${documents.roleName}-trust.json`, pretty(documents.trustPolicy));
  section('Commands of the AWS CLI, where the two files are', documents.awsCommands);
  const unknown =
    identityError === null ? [] : [`The identity that runs Tributary is not known: ${identityError.message}.`];
  const forms = `Other forms: --format ${FORMATS.join(', ')}. The form caller is what the identity that runs Tributary needs itself.`;
  section('Notes', [...unknown, ...documents.notes, forms].map((note) => `- ${note}`).join('\n'));
}

/** On stdout the form alone, for a file; the id in it is only good when the configuration has it, too. */
function printForm(
  format: keyof typeof FORMS,
  source: SourceConfig,
  { result, context }: { readonly result: IamResult; readonly context: CliContext },
): void {
  const { documents, isNewExternalId } = result;
  const text = FORMS[format](documents);
  context.output.text(text);
  if (isNewExternalId && text.includes(documents.externalId)) {
    context.stderr.write(`${firstStep(source)}:\n${credentialsYaml(documents)}\n`);
  }
}

function pretty(document: unknown): string {
  return JSON.stringify(document, null, 2);
}

function credentialsYaml({ roleArn, externalId }: IamResult['documents']): string {
  return `    credentials:\n      role_arn: ${roleArn}\n      external_id: ${externalId}`;
}
