import type { ListedShard } from '../connection/stream-calls.ts';
import type { TableKey } from '../model/table.ts';

/** What has to be known of a table to go on from a bookmark that the Python tap has written. */
export interface TapSource {
  readonly identity: string;
  /** See `layoutOf`. */
  readonly layout: string;
  readonly key: TableKey;
  /** Of no meaning for a table that is not followed. */
  readonly streamArn: string;
  readonly listing: readonly ListedShard[];
  readonly awsNowMs: number;
}
