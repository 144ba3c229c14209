import { stringify } from 'yaml';

interface StarterOptions {
  readonly source: string;
  readonly region: string;
  /** For a local DynamoDB; null for AWS. */
  readonly endpoint: string | null;
  /** Where editors find the JSON Schema, from the folder of the file; null when it is not below. */
  readonly schemaPath: string | null;
}

/** The file that `tributary init` writes: a source, a DuckDB file, and the next steps as comments. */
export function starterConfig({ source, region, endpoint, schemaPath }: StarterOptions): string {
  const endpointLine =
    endpoint === null ? '# endpoint: http://127.0.0.1:8000   # a local DynamoDB' : `endpoint: ${scalar(endpoint)}`;
  const schemaLine = schemaPath === null ? '' : `# yaml-language-server: $schema=${schemaPath}\n`;
  return `${schemaLine}# Configuration of Tributary.
# \${NAME} stands for an environment variable; secrets can only be written that way.

sources:
  # The name becomes the schema (or folder) at the destination.
  ${scalar(source)}:
    region: ${scalar(region)}
    ${endpointLine}
    destination: warehouse

    # Without credentials the default AWS chain is used: environment, profile, container, instance.
    # To read through a role, run \`tributary iam\` for its documents, then fill in:
    # credentials:
    #   account_id: "123456789012"
    #   role_name: tributary-${source.replaceAll(/[^A-Za-z0-9+=,.@_-]/g, '-')}
    #   external_id: the-id-that-iam-printed

    # How much reads may take from each table; absent means no limit.
    # read_capacity: 50%

    # \`tributary discover\` lists the tables, \`tributary select orders --method FULL_TABLE\` adds one here: every run reads
    # it completely. With \`--method LOG_BASED\` it is read once and then followed through its stream, deletes included.
    tables: {}

destinations:
  warehouse:
    type: duckdb
    path: ./warehouse.duckdb
    # In its place: JSON lines in a folder (type: files), or any Singer target (type: singer-target, with its command).
`;
}

function scalar(text: string): string {
  return stringify(text).trimEnd();
}
