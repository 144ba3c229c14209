import { partitionOf } from '../../model/partition.ts';
import { cliCommands, cliScript, cloudFormationTemplate, consoleSteps, terraformModule } from './iam-snippets.ts';
import { type PolicyDocument, policyOf } from './policy-document.ts';
import { type PolicyTable, type ReadPolicies, readPolicies } from './read-policy.ts';

export interface IamRequest {
  readonly source: string;
  readonly region: string;
  /** The account that owns the tables, 12 digits; null leaves a placeholder. */
  readonly accountId: string | null;
  /** Selected tables, views and name patterns; none means all tables. */
  readonly tables: readonly PolicyTable[];
  /** Who may assume the role: ARN of an account root, role or user; null leaves a placeholder. */
  readonly trustedPrincipal: string | null;
  readonly roleName: string;
  readonly externalId: string;
}

interface NamedPolicy {
  readonly name: string;
  readonly document: PolicyDocument;
}

/** Everything that a person with IAM rights needs to let Tributary read the tables. */
export interface IamDocuments {
  readonly roleName: string;
  readonly roleArn: string;
  readonly externalId: string;
  readonly trustedPrincipal: string;
  /** To attach to the role, or to the user whose keys are used without a role. */
  readonly policies: readonly NamedPolicy[];
  /** Trust policy of the role. */
  readonly trustPolicy: PolicyDocument;
  /** What the trusted principal must be allowed itself. */
  readonly callerPolicy: PolicyDocument;
  /** Commands that take the documents from files: `<role>-trust.json` and `<policy>.json`. */
  readonly awsCommands: string;
  /** The same, with the files. */
  readonly awsCli: string;
  readonly cloudFormation: string;
  readonly terraform: string;
  readonly consoleSteps: readonly string[];
  /** What to know or fill in before using them. */
  readonly notes: readonly string[];
}

const ACCOUNT_PLACEHOLDER = 'YOUR_ACCOUNT_ID';
const PRINCIPAL_ACCOUNT_PLACEHOLDER = 'ACCOUNT_ID_THAT_RUNS_TRIBUTARY';

/** A pure function of its request: the same input gives the same documents. */
export function iamDocuments(request: IamRequest): IamDocuments {
  const { source, region, tables, roleName, externalId } = request;
  const partition = partitionOf(region);
  const account = request.accountId ?? ACCOUNT_PLACEHOLDER;
  const roleArn = `arn:${partition}:iam::${account}:role/${roleName}`;
  const trustedPrincipal = request.trustedPrincipal ?? `arn:${partition}:iam::${PRINCIPAL_ACCOUNT_PLACEHOLDER}:root`;
  const readable = readPolicies(tables, `arn:${partition}:dynamodb:${region}:${account}:table/`);
  const policies = readable.documents.map((document, position) => ({
    name: readable.documents.length === 1 ? `${roleName}-read` : `${roleName}-read-${position + 1}`,
    document,
  }));
  const trustPolicy = policyOf([
    {
      Sid: 'AssumeWithExternalId',
      Effect: 'Allow',
      Principal: { AWS: trustedPrincipal },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': externalId } },
    },
  ]);
  const callerPolicy = policyOf([
    { Sid: 'AssumeReader', Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn },
  ]);
  const role = { source, roleName, policies, trustPolicy, partition, account };
  return {
    roleName,
    roleArn,
    externalId,
    trustedPrincipal,
    policies,
    trustPolicy,
    callerPolicy,
    awsCommands: cliCommands(role),
    awsCli: cliScript(role),
    cloudFormation: cloudFormationTemplate(role),
    terraform: terraformModule(role),
    consoleSteps: consoleSteps(role, { trustedPrincipal, externalId }),
    notes: notes(request, readable),
  };
}

function notes(
  { source, accountId, tables, trustedPrincipal }: IamRequest,
  { documents, widened }: ReadPolicies,
): readonly string[] {
  const all: readonly (string | false)[] = [
    accountId === null && `Replace ${ACCOUNT_PLACEHOLDER} by the id of the account that owns the tables.`,
    trustedPrincipal === null &&
      `Replace ${PRINCIPAL_ACCOUNT_PLACEHOLDER}, or give --trusted-principal: the identity that runs Tributary is not known.`,
    tables.length === 0 &&
      'No table is selected, so the policy covers all tables of the account and region. Print it again after selecting.',
    'ListTables can only be allowed on "*": no table is named in the call. Only discover and patterns need it.',
    documents.some(({ Statement }) => Statement.some(({ Sid }) => Sid === 'Streams')) &&
      'The statement Streams is for the tables that are LOG_BASED. Its resources end with "/stream/*", because a stream that is enabled again has another name.',
    'The statement OptionalTableSettings is for what check shows about TTL and point-in-time recovery; without it check warns, and nothing else changes.',
    'sts:GetCallerIdentity, which check asks first, needs no permission.',
    widened &&
      'The selected tables do not fit into ten managed policies, so names are shortened to prefixes with "*": these may cover tables that are not selected.',
    documents.length > 1 &&
      `A managed policy holds 6,144 characters: there are ${documents.length}, attach all of them.`,
    `Each source needs a role of its own; this one is for ${source}.`,
    'A table that is encrypted with a customer managed KMS key also needs kms:Decrypt on that key.',
  ];
  return all.filter((note) => note !== false);
}
