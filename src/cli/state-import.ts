import { readFile } from 'node:fs/promises';
import type { SourceConfig } from '../config/tributary-config.ts';
import type { StateImport } from '../operations/state-import.ts';
import type { TapStateImport } from '../operations/state-import-tap.ts';
import { messageOf, TributaryError } from '../platform/errors.ts';
import { formatTime, plural } from '../platform/format.ts';
import { confirmed } from './confirmed.ts';
import type { CliContext, Connection, Destination } from './context.ts';
import { examples, type VerbGroup } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource } from './selected-source.ts';
import { changeText } from './state-change-text.ts';
import { withDestination } from './with-destination.ts';

export function addStateImportVerb(group: VerbGroup, context: CliContext): void {
  group
    .command('import')
    .argument('<file>', 'a file of `state export`, or the state of tap-dynamodb')
    .summary('take bookmarks over from a file')
    .description(
      'Puts the bookmarks of LOG_BASED tables where a file of `tributary state export` has them. A table that the ' +
        'destination does not have begins there with new data only: rows that were loaded elsewhere are not in it. With ' +
        '--from-tap-dynamodb the file is the state of the Python tap, and its tables go on where the tap has stopped. Asks ' +
        'before, unless --yes is given. A run that is on its way ends with FENCED.',
    )
    .option('--from-tap-dynamodb', 'the file is the state of the Python tap-dynamodb')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'tributary state import state.json',
        'tributary state import state.json --table orders --yes',
        'tributary state import --from-tap-dynamodb tap-state.json --source shop',
      ),
    )
    .action(async (path, _, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const text = await readText(path);
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const signal = context.stopSignal('Stopping');
      const connection = await context.openConnection(source.connection);
      const { clock } = context;
      const opening = { context, destination: destinationOf(config, source), log };
      try {
        await withDestination(opening, async (destination) => {
          const tables = options.table ?? [];
          const request = { source, tables, connection, destination, clock, log, signal };
          const take = options.fromTapDynamodb ? importTapState : importState;
          await take(text, { request, isAsked: options.yes !== true, isJson: options.json === true, context });
        });
      } finally {
        connection.close();
      }
    });
}

interface ImportCommand {
  readonly request: {
    readonly source: SourceConfig;
    readonly tables: readonly string[];
    readonly connection: Connection;
    readonly destination: Destination;
    readonly clock: CliContext['clock'];
    readonly log: ReturnType<CliContext['logger']>;
    readonly signal: AbortSignal;
  };
  readonly isAsked: boolean;
  readonly isJson: boolean;
  readonly context: CliContext;
}

async function importState(text: string, { request, isAsked, isJson, context }: ImportCommand): Promise<void> {
  const { planImport, applyImport } = await import('../operations/state-import.ts');
  const plan = await planImport(text, request);
  const { changes, begun, skipped } = plan;
  if (isAsked && changes.length + begun.length > 0) {
    await ask([`Import the bookmarks of ${formatTime(plan.exportedAtMs)}?`, ...importLines(plan)], context);
  }
  await applyImport(plan, request);
  if (isJson) {
    context.output.json({
      source: request.source.name,
      tables: [
        ...changes.map(({ table, backCount, forwardCount }) => ({ table, outcome: 'moved', backCount, forwardCount })),
        ...begun.map(({ table }) => ({ table, outcome: 'begun' })),
        ...skipped.map((table) => ({ table, outcome: 'skipped' })),
      ],
    });
    return;
  }
  for (const { table, units } of changes) {
    context.output.text(
      `${table}: ${units.length === 0 ? 'was there already' : `${plural(units.length, 'bookmark')} set`}`,
    );
  }
  for (const { table } of begun) context.output.text(`${table}: begins with new data only at the next run`);
  for (const table of skipped) context.output.text(`${table}: has no bookmarks, every run reads it completely`);
}

function importLines({ changes, begun }: StateImport): readonly string[] {
  return [
    ...changes.map((change) => `${change.table}: ${changeText(change)}`),
    ...begun.map(({ table }) => `${table}: ${NEW_DATA_ONLY}`),
  ];
}

const NEW_DATA_ONLY =
  'the destination does not have it: it begins with new data only. Rows that were loaded elsewhere are not in it, and ' +
  'come only when they change.';

async function importTapState(text: string, { request, isAsked, isJson, context }: ImportCommand): Promise<void> {
  const { planTapImport, applyTapImport } = await import('../operations/state-import-tap.ts');
  const plan = await planTapImport(text, request);
  if (isAsked && plan.begun.length > 0) {
    const lines = plan.begun.map(({ run }) => `${run.target.table}: ${NEW_DATA_ONLY}`);
    await ask(['Go on where tap-dynamodb has stopped? Stop the tap first.', ...lines], context);
  }
  await applyTapImport(plan);
  if (isJson) {
    context.output.json({
      source: request.source.name,
      tables: [
        ...plan.begun.map(({ run, shardCount: shards, isScanUnfinished }) => ({
          ...{ table: run.target.table, outcome: 'begun', shards, isScanUnfinished },
        })),
        ...plan.skipped.map(({ table, reason }) => ({ table, outcome: 'skipped', reason })),
      ],
    });
  } else printTapImport(plan, context);
  if (plan.begun.length > 0) return;
  throw new TributaryError('SELECTION_INVALID', `No bookmark was imported into source ${request.source.name}`, {
    hint:
      plan.skipped.length === 0
        ? 'The state has no bookmark of a table'
        : 'Select the tables as LOG_BASED if that is why, and import again; without bookmarks a run reads the whole table',
  });
}

function printTapImport({ begun, skipped }: TapStateImport, { output }: CliContext): void {
  for (const { run, shardCount, isScanUnfinished } of begun) {
    const scan = isScanUnfinished ? ', and the rest of the Scan is read' : '';
    output.text(`${run.target.table}: goes on with ${plural(shardCount, 'shard')} at the next run${scan}`);
  }
  for (const { table, reason } of skipped) output.text(`${output.colors.yellow(table)} is left out: ${reason}`);
}

async function ask(lines: readonly string[], context: CliContext): Promise<void> {
  const [question = '', ...details] = lines;
  await confirmed([...details, question].join('\n'), { what: 'An import', undone: 'Nothing was imported', context });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new TributaryError('USAGE', `The state file ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Name a file that is there',
      cause: error,
    });
  }
}
