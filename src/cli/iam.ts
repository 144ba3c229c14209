import type { SourceConfig } from '../config/tributary-config.ts';
import { parseTableRef } from '../model/table.ts';
import type { IamResult } from '../operations/iam.ts';
import type { CliContext } from './context.ts';
import { examples, type Program } from './program.ts';
import { loadConfigFor, selectedSource } from './selected-source.ts';

export function addIamVerb(program: Program, context: CliContext): void {
  program
    .command('iam')
    .summary('print the IAM documents that a source needs')
    .description(
      'Prints the least-privilege policy for the selected tables (all tables while none is selected), the trust policy of ' +
        'a role with an external id, and how to create them with the AWS CLI, CloudFormation, Terraform or the console.',
    )
    .option('--trusted-principal <arn>', 'who may assume the role (default: the account that runs this command)')
    .addHelpText(
      'after',
      examples(
        'tributary iam',
        'tributary iam --trusted-principal arn:aws:iam::210987654321:role/tributary',
        "tributary iam --json | jq '.policies[0].document'",
      ),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const source = selectedSource(await loadConfigFor(options, context), options);
      const { iam } = await import('../operations/iam.ts');
      const result = await iam({
        connection: source.connection,
        accountId: source.accountId,
        tables: policyTables(source),
        trustedPrincipal: options.trustedPrincipal ?? null,
        clock: context.clock,
        signal: context.stopSignal('Stopping'),
      });
      const { documents, identityError } = result;
      if (options.json)
        context.output.json({ source: source.name, ...documents, identityError: identityError?.message ?? null });
      else printDocuments(result, context);
    });
}

/** IAM has the wildcards of our name patterns. */
function policyTables({ tables, selectNewTables }: SourceConfig) {
  const named = [...tables.values()].map(({ table, method }) => ({ ref: parseTableRef(table), method }));
  const patterns = selectNewTables.map((table) => ({ ref: { table, index: null }, method: 'FULL_TABLE' as const }));
  return [...named, ...patterns];
}

function printDocuments({ documents, identityError }: IamResult, { output }: CliContext): void {
  const { colors } = output;
  const section = (title: string, text: string): void =>
    output.text(`${colors.bold(`# ${title}`)}\n${text.trimEnd()}\n`);
  const pretty = (document: unknown): string => JSON.stringify(document, null, 2);
  for (const { name, document } of documents.policies) section(`Policy ${name}`, pretty(document));
  section(`Trust policy of the role ${documents.roleName}`, pretty(documents.trustPolicy));
  section('Policy of the identity that runs Tributary', pretty(documents.callerPolicy));
  section('AWS CLI', documents.awsCli);
  section('CloudFormation', documents.cloudFormation);
  section('Terraform', documents.terraform);
  section('In the console', numbered(documents.consoleSteps));
  section('In tributary.yaml', credentialsYaml(documents));
  const unknown =
    identityError === null ? [] : [`The identity that runs Tributary is not known: ${identityError.message}.`];
  section('Notes', [...unknown, ...documents.notes].map((note) => `- ${note}`).join('\n'));
}

function credentialsYaml({ roleArn, externalId }: IamResult['documents']): string {
  return `    credentials:\n      role_arn: ${roleArn}\n      external_id: ${externalId}`;
}

function numbered(steps: readonly string[]): string {
  return steps.map((step, index) => `${index + 1}. ${step}`).join('\n');
}
