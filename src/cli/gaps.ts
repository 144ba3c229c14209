import type { Gap, GapKind } from '../model/gap.ts';
import { formatTime, plural } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import type { Output } from './output.ts';
import { examples, type Program } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, onlyTables, selectedSources } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

interface SourceGaps {
  readonly source: string;
  readonly gaps: readonly Gap[];
  readonly resolvedCount: number;
}

export function addGapsVerb(program: Program, context: CliContext): void {
  program
    .command('gaps')
    .summary('show which changes were lost, and what became of it')
    .description(
      'Shows the gaps of LOG_BASED tables: when changes were lost before they could be read, of which shard and which time, ' +
        'and what was done about it. A gap is resolved when the table was read again completely.',
    )
    .option('--all', 'also those that are resolved')
    .addHelpText('after', examples('tributary gaps', 'tributary gaps --all --table orders', 'tributary gaps --json'))
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const { gaps } = await import('../operations/gaps.ts');
      const sources = selectedSources(config, options);
      const tables = sources.flatMap((source) => [...source.tables.keys()]);
      const found: { readonly source: string; readonly gaps: readonly Gap[] }[] = [];
      for (const source of sources) {
        const opening = { context, destination: destinationOf(config, source), log };
        const stored = await withDestination(opening, (destination) => gaps(source.name, destination));
        found.push({ source: source.name, gaps: stored });
      }
      const known = [...new Set([...tables, ...found.flatMap((each) => each.gaps.map(({ table }) => table))])];
      const where = 'that is selected or has gaps';
      const wanted = onlyTables(known, (table) => table, {
        wanted: options.table ?? [],
        code: 'SELECTION_INVALID',
        where,
      });
      const shown = found.map(({ source, gaps: stored }): SourceGaps => {
        const chosen = stored.filter(({ table }) => wanted.includes(table));
        const open = chosen.filter(({ resolvedAtMs }) => resolvedAtMs === null);
        return { source, gaps: options.all ? chosen : open, resolvedCount: chosen.length - open.length };
      });
      if (options.json) context.output.json({ sources: shown });
      else for (const each of shown) printGaps(each, { output: context.output, all: options.all === true });
    });
}

function printGaps(
  { source, gaps, resolvedCount }: SourceGaps,
  { output, all }: { readonly output: Output; readonly all: boolean },
): void {
  const { colors } = output;
  const openCount = gaps.filter(({ resolvedAtMs }) => resolvedAtMs === null).length;
  output.text(colors.bold(`${source}: ${openCount === 0 ? 'no open gap' : plural(openCount, 'open gap')}`));
  for (const [gap, shards] of alike(gaps)) {
    const state =
      gap.resolvedAtMs === null ? colors.red('open') : colors.green(`resolved ${formatTime(gap.resolvedAtMs)}`);
    output.text(`${colors.bold(gap.table)} ${state}: ${KINDS[gap.kind]}`);
    output.text(`  found     ${formatTime(gap.detectedAtMs)}, in version ${gap.version}`);
    output.text(`  missing   ${timeRange(gap)}${shardText(shards)}`);
    output.text(`  seen      ${gap.detail}`);
    output.text(`  reaction  ${REACTIONS[gap.reaction](gap)}`);
  }
  if (!all && resolvedCount > 0) output.text(`${plural(resolvedCount, 'resolved gap')}: see tributary gaps --all`);
}

const KINDS: Readonly<Record<GapKind, string>> = {
  'position-trimmed': 'changes were trimmed before they were read',
  'shard-lost': 'a shard disappeared before it was read to its end',
  'parent-lost': 'a shard expired before it was seen',
  'stream-replaced': 'the table has another stream than before',
  'stream-disabled': 'the stream of the table was disabled',
  'view-type-changed': 'the stream of the table no longer carries new images',
  'table-replaced': 'the table was deleted and created again, or restored',
  'may-have-been-trimmed': 'a shard was first read so late that changes may have been trimmed',
};

const REACTIONS: Readonly<Record<Gap['reaction'], (gap: Gap) => string>> = {
  resync: ({ kind, resolvedAtMs }) => {
    if (resolvedAtMs !== null) return 'the table was read again in place';
    return kind === 'stream-disabled' || kind === 'view-type-changed'
      ? 'the table is read again in place as soon as it has a stream with new images: enable one'
      : 'the table is read again in place, by this run or the next';
  },
  waits: ({ table, resolvedAtMs }) =>
    resolvedAtMs === null
      ? `waits for a decision: ${resetCommand(table)}, then tributary sync`
      : 'waited for a decision',
  failed: ({ table, resolvedAtMs }) =>
    resolvedAtMs === null
      ? `the third gap in one reading of the table, which has failed: ${resetCommand(table)}`
      : 'the third gap in one reading of the table, which had failed',
};

function resetCommand(table: string): string {
  return `tributary reset --table ${table} --in-place`;
}

function timeRange({ fromMs, toMs }: Gap): string {
  const from = fromMs === null ? 'an unknown time' : formatTime(fromMs);
  return `changes that were made between ${from} and ${formatTime(toMs)}`;
}

/** More ids than this say less than their number. */
const SHARDS_SHOWN = 3;

function shardText(shards: readonly string[]): string {
  if (shards.length === 0) return '';
  if (shards.length <= SHARDS_SHOWN) return `, of ${shards.join(', ')}`;
  return `, of ${plural(shards.length, 'shard')}: ${shards.slice(0, SHARDS_SHOWN).join(', ')}, ...`;
}

/** One outage may have cost thousands of shards: gaps that were found together are one for people. */
function alike(gaps: readonly Gap[]): readonly (readonly [gap: Gap, shards: readonly string[]])[] {
  const groups = new Map<string, { readonly gap: Gap; fromMs: number | null; readonly shards: string[] }>();
  for (const gap of gaps) {
    const { table, version, kind, detectedAtMs, reaction, resolvedAtMs, detail } = gap;
    const name = JSON.stringify([table, version, kind, detectedAtMs, reaction, resolvedAtMs, detail]);
    const group = groups.get(name) ?? { gap, fromMs: gap.fromMs, shards: [] };
    group.fromMs = group.fromMs === null || gap.fromMs === null ? null : Math.min(group.fromMs, gap.fromMs);
    if (gap.shard !== null) group.shards.push(gap.shard);
    groups.set(name, group);
  }
  return [...groups.values()].map(({ gap, fromMs, shards }) => [{ ...gap, fromMs }, shards]);
}
