import type { Logger } from '../platform/logger.ts';

/** When a row was deleted, or null. */
export const DELETED_AT = '_sdc_deleted_at';
/** Of lines of BATCH files: the version that their rows belong to. */
export const TABLE_VERSION = '_sdc_table_version';

/** What comes of items that have an attribute of the name. */
const EFFECTS = {
  [DELETED_AT]: 'it is written as it is, and targets take its rows for deleted',
  [TABLE_VERSION]: 'targets of BATCH files take it for the version of the rows, which stands in its place',
} as const;

/** Says of a stream once that its items have such an attribute of their own. */
export function metadataAttributeWarnings(log: Logger): (stream: string, name: keyof typeof EFFECTS) => void {
  const said = new Set<string>();
  return (stream, name) => {
    const message = `${stream}: items have an attribute ${name}: ${EFFECTS[name]}. A projection can leave it out`;
    if (said.has(message)) return;
    said.add(message);
    log.warning(message);
  };
}
