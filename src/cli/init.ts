import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configPath } from '../config/environment.ts';
import { TributaryError } from '../platform/errors.ts';
import type { CliContext } from './context.ts';
import { examples, type Program, withoutOptions } from './program.ts';

/** Where AWS itself looks when nothing is said. */
const DEFAULT_REGION = 'us-east-1';

export function addInitVerb(program: Program, { output, environment }: CliContext): void {
  withoutOptions(program.command('init'), ['table'])
    .summary('write a commented tributary.yaml')
    .description(
      'Writes a commented configuration file with one source and a DuckDB file as its destination. Never overwrites a file.',
    )
    .option('--region <region>', 'AWS region of the tables (default: AWS_REGION, else us-east-1)')
    .option('--endpoint <url>', 'DynamoDB endpoint in place of that of AWS, for a local DynamoDB')
    .addHelpText(
      'after',
      examples(
        'tributary init --region eu-central-1',
        'tributary init --source shop --endpoint http://127.0.0.1:8000 --config local.yaml',
      ),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      if (options.endpoint !== undefined) checkEndpoint(options.endpoint);
      const path = configPath(options.config, environment);
      const source = options.source ?? 'dynamodb';
      const region =
        options.region ?? (environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || DEFAULT_REGION);
      const [{ createConfigFile }, { starterConfig }] = await Promise.all([
        import('../config/edit.ts'),
        import('../config/starter.ts'),
      ]);
      await createConfigFile(
        path,
        starterConfig({
          source,
          region,
          endpoint: options.endpoint ?? null,
          schemaPath: schemaBelow(dirname(resolve(path))),
        }),
      );
      if (options.json) output.json({ config: path, source, region });
      else {
        output.text(`Wrote ${path} with the source ${output.colors.bold(source)} in ${region}.`);
        output.text(
          'Next: `tributary check`, `tributary discover`, `tributary select TABLE --method FULL_TABLE` (or LOG_BASED, to follow ' +
            'its stream), `tributary sync`.',
        );
      }
    });
}

function checkEndpoint(endpoint: string): void {
  if (/^https?:\/\//i.test(endpoint) && URL.canParse(endpoint)) return;
  throw new TributaryError('USAGE', `The endpoint ${endpoint} is no URL`, { hint: `Write http://${endpoint}` });
}

/** The path of the JSON Schema from a folder above it; null elsewhere: the file may move to other machines. */
function schemaBelow(folder: string): string | null {
  const path = fileURLToPath(new URL('../../schema/tributary.schema.json', import.meta.url));
  const below = relative(folder, path);
  return below.startsWith('..') || isAbsolute(below) || !existsSync(path) ? null : below.split(sep).join('/');
}
