import type { SourceConfig, TributaryConfig } from '../config/tributary-config.ts';
import type { CheckStep } from '../model/check-step.ts';
import { parseTableRef } from '../model/table.ts';
import { destinationTableName } from '../schema/naming.ts';

/**
 * A warning where another source loads tables of the same names into the same Singer target, else null. Streams differ
 * by what is before their hyphen, which a target with one fixed schema drops.
 */
export function checkSharedTarget(config: TributaryConfig, source: SourceConfig): CheckStep | null {
  if (config.destinations.get(source.destination)?.type !== 'singer-target') return null;
  const names = namesOf(source);
  for (const other of config.sources.values()) {
    if (other.name === source.name || other.destination !== source.destination) continue;
    const [table] = [...namesOf(other)].filter((name) => names.has(name));
    if (table === undefined) continue;
    return {
      name: `Singer target ${source.destination}`,
      status: 'warning',
      message:
        `The sources ${source.name} and ${other.name} both load a table ${table} into it: a target with one schema for ` +
        'all streams (default_target_schema) mixes their rows',
      hint: 'Give each source a destination of its own, unless the target makes a schema or file of each source.',
    };
  }
  return null;
}

function namesOf({ tables }: SourceConfig): ReadonlySet<string> {
  return new Set([...tables.keys()].map((table) => destinationTableName(parseTableRef(table), new Set())));
}
