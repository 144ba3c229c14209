import type { DynamoItem } from '../support/dynamo-item.ts';
import { parseExactJson } from '../support/exact-json.ts';
import { canonicalLine } from '../support/oracle.ts';
import type { SingerMessage } from './run-tap.ts';
import { canonicalRecord, recordOf, without } from './tap-output.ts';

/**
 * The table that a target holds after the messages of one or several runs, as sorted canonical records: the last record of
 * a key counts, one with `_sdc_deleted_at` deletes it, ACTIVATE_VERSION removes what other versions have left. The judge
 * of "nothing is lost" wherever one tap goes on for another.
 */
export function replicaOf(messages: readonly SingerMessage[], stream: string): readonly string[] {
  const rows = new Map<string, SingerMessage>();
  let key: readonly string[] = [];
  for (const message of messages) {
    if (message.stream !== stream) continue;
    const { type, version, record, key_properties } = message;
    if (type === 'SCHEMA') key = key_properties ?? [];
    if (type === 'RECORD') rows.set(JSON.stringify(key.map((name) => record?.[name])), message);
    if (type === 'ACTIVATE_VERSION') {
      for (const [text, row] of rows) if (row.version !== version) rows.delete(text);
    }
  }
  return [...rows.values()]
    .filter(({ record }) => (record?.['_sdc_deleted_at'] ?? null) === null)
    .map((row) => without(recordOf(row), '_sdc_deleted_at'))
    .sort();
}

/** What a replica of these items is. */
export function recordsOfItems(items: readonly DynamoItem[]): readonly string[] {
  return items.map((item) => canonicalRecord(parseExactJson(canonicalLine(item)))).sort();
}
