import type { PolicyDocument } from './policy-document.ts';

/** A role with its policies, from which all forms are written. */
interface RoleDescription {
  readonly source: string;
  readonly roleName: string;
  readonly policies: readonly { readonly name: string; readonly document: PolicyDocument }[];
  readonly trustPolicy: PolicyDocument;
  readonly partition: string;
  readonly account: string;
}

/** Commands for a shell of a person with IAM rights in the account of the tables; the documents are files beside it. */
export function cliCommands({ roleName, policies, partition, account }: RoleDescription): string {
  const create = `aws iam create-role --role-name ${roleName} --assume-role-policy-document file://${roleName}-trust.json`;
  const attach = policies.flatMap(({ name }) => [
    `aws iam create-policy --policy-name ${name} --policy-document file://${name}.json`,
    `aws iam attach-role-policy --role-name ${roleName} --policy-arn arn:${partition}:iam::${account}:policy/${name}`,
  ]);
  return [create, ...attach].join('\n');
}

/** The same commands behind those that write the files. */
export function cliScript(role: RoleDescription): string {
  const { roleName, policies, trustPolicy } = role;
  const files = [
    heredoc(`${roleName}-trust.json`, trustPolicy),
    ...policies.map(({ name, document }) => heredoc(`${name}.json`, document)),
  ];
  return [...files, cliCommands(role)].join('\n');
}

/** A template in JSON. The stack needs CAPABILITY_NAMED_IAM, because the role has a name. */
export function cloudFormationTemplate({ source, roleName, policies, trustPolicy }: RoleDescription): string {
  const policyResources = policies.map(({ name, document }, position) => [
    `ReadPolicy${position + 1}`,
    { Type: 'AWS::IAM::ManagedPolicy', Properties: { ManagedPolicyName: name, PolicyDocument: document } },
  ]);
  const role = {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: roleName,
      AssumeRolePolicyDocument: trustPolicy,
      ManagedPolicyArns: policies.map((_, position) => ({ Ref: `ReadPolicy${position + 1}` })),
    },
  };
  return json({
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Lets Tributary read the DynamoDB tables of the source ${source}`,
    Resources: { ...Object.fromEntries(policyResources), ReaderRole: role },
    Outputs: { RoleArn: { Value: { 'Fn::GetAtt': ['ReaderRole', 'Arn'] } } },
  });
}

export function terraformModule({ roleName, policies, trustPolicy }: RoleDescription): string {
  const label = roleName.replace(/[^\w]/g, '_');
  const attachments = policies.flatMap(({ name, document }, position) => {
    const policyLabel = `${label}_read_${position + 1}`;
    return [
      block(`resource "aws_iam_policy" "${policyLabel}"`, [`name   = "${name}"`, `policy = ${hclText(document)}`]),
      block(`resource "aws_iam_role_policy_attachment" "${policyLabel}"`, [
        `role       = aws_iam_role.${label}.name`,
        `policy_arn = aws_iam_policy.${policyLabel}.arn`,
      ]),
    ];
  });
  const role = block(`resource "aws_iam_role" "${label}"`, [
    `name               = "${roleName}"`,
    `assume_role_policy = ${hclText(trustPolicy)}`,
  ]);
  return [role, ...attachments].join('\n\n');
}

/** What to click in the AWS console. */
export function consoleSteps(
  { source, roleName, policies }: RoleDescription,
  { trustedPrincipal, externalId }: { readonly trustedPrincipal: string; readonly externalId: string },
): readonly string[] {
  const account = /:iam::(\w+):/.exec(trustedPrincipal)?.[1] ?? trustedPrincipal;
  const policyNames = policies.map(({ name }) => name).join(', ');
  return [
    ...policies.map(
      ({ name }) => `IAM > Policies > Create policy > JSON: paste the policy document and name it ${name}.`,
    ),
    `IAM > Roles > Create role > AWS account > Another AWS account: enter ${account}.`,
    `Tick "Require external ID" and enter ${externalId}. Leave "Require MFA" off.`,
    `Attach ${policyNames}.`,
    `Name the role exactly ${roleName} and create it.`,
    ...(trustedPrincipal.endsWith(':root')
      ? []
      : [`Role > Trust relationships > Edit: make ${trustedPrincipal} the principal.`]),
    `Run tributary check --source ${source}. A new role can take a minute until AWS knows it everywhere.`,
  ];
}

function heredoc(file: string, document: PolicyDocument): string {
  return `cat > ${file} <<'JSON'\n${json(document)}\nJSON`;
}

/** A plain string in HCL; `jsonencode` would need the document in HCL's own syntax. */
function hclText(document: PolicyDocument): string {
  return `<<-JSON\n${indent(json(document), 4)}\n  JSON`;
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `  ${line}`).join('\n')}\n}`;
}

function indent(text: string, blanks: number): string {
  return text.replace(/^/gm, ' '.repeat(blanks));
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}
