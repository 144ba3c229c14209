import { InvalidArgumentError } from '@commander-js/extra-typings';
import { TABLE_DEFAULTS } from '../config/table-defaults.ts';
import type { ReplicationMethod, SourceConfig, TableConfig } from '../config/tributary-config.ts';
import { TributaryError } from '../platform/errors.ts';

/** What `select` is told about its tables; what is not given stays as it is. */
interface TableFlags extends ChangeFlags {
  readonly method?: ReplicationMethod | undefined;
  readonly projection?: string | undefined;
  readonly attribute?: readonly string[] | undefined;
  readonly consistentRead?: boolean | undefined;
  readonly stripGlobalTableAttributes?: boolean | undefined;
}

/** About changes, so of LOG_BASED tables only. */
interface ChangeFlags {
  readonly deletes?: TableConfig['deletes'] | undefined;
  readonly keepLastImage?: boolean | undefined;
  readonly ttlDeletes?: TableConfig['ttlDeletes'] | undefined;
  readonly onGap?: TableConfig['onGap'] | undefined;
}

const CHANGE_FLAGS = {
  deletes: '--deletes',
  keepLastImage: '--keep-last-image',
  ttlDeletes: '--ttl-deletes',
  onGap: '--on-gap',
} as const satisfies Record<keyof ChangeFlags, string>;

/** The settings of a table after `select`. Throws USAGE for flags that do not fit together. */
export function changedTable(table: string, source: SourceConfig, flags: TableFlags): TableConfig {
  const present = source.tables.get(table);
  const method = flags.method ?? present?.method;
  if (method === undefined) {
    throw new TributaryError('USAGE', `How ${table} is to be replicated is not said`, {
      hint: 'Add --method FULL_TABLE, or --method LOG_BASED to follow its stream',
    });
  }
  const before = present ?? TABLE_DEFAULTS;
  // A new projection brings its own names; without one there is nothing that they could stand for.
  const keptNames = flags.projection === undefined ? before.expressionAttributes : {};
  return {
    table,
    method,
    projection: flags.projection === undefined ? before.projection : flags.projection.trim() || null,
    expressionAttributes:
      flags.attribute === undefined ? keptNames : Object.fromEntries(flags.attribute.map(parseAttribute)),
    consistentRead: flags.consistentRead ?? before.consistentRead,
    stripGlobalTableAttributes: flags.stripGlobalTableAttributes ?? before.stripGlobalTableAttributes,
    ...changeSettings(table, { method, before, flags }),
  };
}

interface ChangeSettings {
  readonly method: ReplicationMethod;
  readonly before: Pick<TableConfig, keyof ChangeFlags>;
  readonly flags: ChangeFlags;
}

/** A table that is FULL_TABLE from now on loses them: the file could not hold them. */
function changeSettings(
  table: string,
  { method, before, flags }: ChangeSettings,
): Pick<TableConfig, keyof ChangeFlags> {
  if (method === 'LOG_BASED') {
    return {
      deletes: flags.deletes ?? before.deletes,
      keepLastImage: flags.keepLastImage ?? before.keepLastImage,
      ttlDeletes: flags.ttlDeletes ?? before.ttlDeletes,
      onGap: flags.onGap ?? before.onGap,
    };
  }
  const needless = Object.entries(CHANGE_FLAGS).filter(([name]) => Object.hasOwn(flags, name));
  if (needless.length > 0) {
    const names = needless.map(([, flag]) => flag).join(', ');
    throw new TributaryError('USAGE', `${names} means nothing for ${table}, which is FULL_TABLE`, {
      hint: 'Leave it out, or add --method LOG_BASED',
    });
  }
  const { deletes, keepLastImage, ttlDeletes, onGap } = TABLE_DEFAULTS;
  return { deletes, keepLastImage, ttlDeletes, onGap };
}

export function parseMethod(text: string): ReplicationMethod {
  const method = text.toUpperCase();
  if (method === 'FULL_TABLE' || method === 'LOG_BASED') return method;
  throw new InvalidArgumentError('Write FULL_TABLE or LOG_BASED.');
}

function parseAttribute(text: string): readonly [placeholder: string, name: string] {
  const match = /^(#?[^=]+)=(.+)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new TributaryError('USAGE', `--attribute ${text} is not a placeholder and a name`, {
      hint: "Write --attribute '#n=name'",
    });
  }
  const placeholder = match[1].startsWith('#') ? match[1] : `#${match[1]}`;
  return [placeholder, match[2]];
}
