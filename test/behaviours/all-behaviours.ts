import type { Behaviour } from './behaviour.ts';
import { CAPACITY_BEHAVIOURS } from './capacity-behaviours.ts';
import { FAULT_BEHAVIOURS } from './fault-behaviours.ts';
import { IDENTITY_BEHAVIOURS } from './identity-behaviours.ts';
import { INDEX_BEHAVIOURS } from './index-behaviours.ts';
import { PAGING_BEHAVIOURS } from './paging-behaviours.ts';
import { PROJECTION_BEHAVIOURS } from './projection-behaviours.ts';
import { STREAM_BEHAVIOURS } from './stream-behaviours.ts';
import { STREAM_LINEAGE_BEHAVIOURS } from './stream-lineage-behaviours.ts';
import { STREAM_TROUBLE_BEHAVIOURS } from './stream-trouble-behaviours.ts';
import { TABLE_BEHAVIOURS } from './table-behaviours.ts';
import { VALUE_BEHAVIOURS } from './value-behaviours.ts';

/** Everything that the simulator and DynamoDB Local are held to. */
export const BEHAVIOURS: Readonly<Record<string, readonly Behaviour[]>> = {
  values: VALUE_BEHAVIOURS,
  paging: PAGING_BEHAVIOURS,
  projection: PROJECTION_BEHAVIOURS,
  indexes: INDEX_BEHAVIOURS,
  capacity: CAPACITY_BEHAVIOURS,
  tables: TABLE_BEHAVIOURS,
  streams: STREAM_BEHAVIOURS,
  'lineage of shards': STREAM_LINEAGE_BEHAVIOURS,
  'trouble with streams': STREAM_TROUBLE_BEHAVIOURS,
  identity: IDENTITY_BEHAVIOURS,
  faults: FAULT_BEHAVIOURS,
};
