import { z } from 'zod';
import { configJsonSchema, type OptionSchema } from '../../src/config/json-schema.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { starterConfig } from '../../src/config/starter.ts';
import { duckDbOptionsSchema } from '../../src/load/duckdb/options.ts';
import { filesOptionsSchema } from '../../src/load/files/options.ts';
import { singerTargetOptionsSchema } from '../../src/load/singer-target/options.ts';
import { code, GENERATED, page, table } from './markdown.ts';

/** docs/reference/config.md: every option of tributary.yaml, and the settings outside of it. */
export function configReference(): string {
  const settings = Object.values(SETTINGS).map(({ flag, placeholder, environment, defaultText, description }) => [
    code(`${flag} ${placeholder}`),
    code(environment),
    code(defaultText),
    description,
  ]);
  return page(
    GENERATED,
    '# Configuration',
    '`tributary init` writes this file; `tributary select` edits the tables in it and leaves the rest as it is:',
    `\`\`\`yaml\n${starterConfig({ source: 'shop', region: 'eu-central-1', endpoint: null, schemaPath: null })}\`\`\``,
    `Any text may contain \`\${NAME}\`, which stands for an environment variable (\`$\${\` is a plain \`\${\`). Options marked ` +
      '*secret* can only be written that way. Unknown options are errors. `schema/tributary.schema.json` describes the file to editors.',
    '## Settings outside of the file',
    'A flag goes before its environment variable.',
    table(['Flag', 'Environment variable', 'Default', 'Meaning'], settings),
    ...sections(configJsonSchema(), ''),
    ...destinationSections(),
  );
}

/** One section for each map of options, outermost first. */
function sections(option: OptionSchema, path: string): readonly string[] {
  const entry = typeof option.additionalProperties === 'object' ? option.additionalProperties : undefined;
  if (option.properties === undefined) return entry === undefined ? [] : sections(entry, `${path}.<name>`);
  const required = new Set(option.required);
  const rows = Object.entries(option.properties).map(([name, child]) => [
    code(name),
    typeOf(child),
    required.has(name) ? 'required' : child.default === undefined ? '' : code(String(child.default)),
    describe(child),
  ]);
  const children = Object.entries(option.properties).flatMap(([name, child]) =>
    sections(child, path === '' ? name : `${path}.${name}`),
  );
  const title = path === '' ? '## Options of tributary.yaml' : `## ${code(path)}`;
  const prose = path === '' ? '' : (option.description ?? '');
  const open = option.additionalProperties === false ? '' : entryProse(path);
  return [title, prose, table(['Option', 'Type', 'Default', 'Meaning'], rows), open, ...children];
}

const DESTINATION_OPTIONS: Readonly<Record<string, z.ZodType>> = {
  duckdb: duckDbOptionsSchema,
  files: filesOptionsSchema,
  'singer-target': singerTargetOptionsSchema,
};

/** The options of each destination type, as its adapter declares them. */
function destinationSections(): readonly string[] {
  return Object.entries(DESTINATION_OPTIONS).flatMap(([type, schema]) => {
    // The same seam as in config/json-schema.ts: our declarations produce only this part of JSON Schema.
    const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' }) as OptionSchema;
    const rows = Object.entries(properties).map(([name, option]) => {
      const standard = option.default === undefined || option.default === null ? '' : code(String(option.default));
      const snakeCase = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [code(snakeCase), typeOf(option), required.includes(name) ? 'required' : standard, describe(option)];
    });
    return [`## Destination of type ${code(type)}`, table(['Option', 'Type', 'Default', 'Meaning'], rows)];
  });
}

function entryProse(path: string): string {
  return path.startsWith('destinations')
    ? 'The other options are those of the type, below. Relative paths start at the folder of the file.'
    : '';
}

function describe({ description = '', examples = [], secret }: OptionSchema): string {
  const shown = examples.map((example) => code(typeof example === 'string' ? example : JSON.stringify(example)));
  const parts = [
    secret === true ? '*Secret.*' : '',
    description,
    shown.length === 0 ? '' : `Example: ${shown.join(', ')}.`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function typeOf(option: OptionSchema): string {
  if (option.enum !== undefined) return option.enum.map((value) => code(String(value))).join(' or ');
  if (option.anyOf !== undefined)
    return option.anyOf
      .map(typeOf)
      .filter((name) => name !== 'null')
      .join(' or ');
  const { type } = option;
  if (typeof type !== 'string') return (type ?? []).map((name) => typeOf({ type: name })).join(' or ');
  switch (type) {
    case 'string':
      return 'text';
    case 'boolean':
      return '`true` or `false`';
    case 'integer':
      return option.maximum === Number.MAX_SAFE_INTEGER
        ? 'whole number'
        : `whole number, ${option.minimum} to ${option.maximum}`;
    case 'array':
      return `list of ${option.items === undefined ? 'values' : typeOf(option.items)}`;
    case 'object':
      return 'map';
    default:
      return type;
  }
}
