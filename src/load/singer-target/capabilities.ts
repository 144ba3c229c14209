import type { Capabilities } from '../../model/capabilities.ts';
import { MAX_ATTRIBUTE_IDS } from '../../model/tape.ts';

export const SINGER_TARGET_CAPABILITIES: Capabilities = {
  // What a target has taken cannot be taken back: after a failure rows may come twice.
  transactional: false,
  // The state folder has one loader at a time; a target itself knows no fence.
  fenced: false,
  guarantee: 'at-least-once',
  // Targets upsert by key and never compare.
  changes: 'ordered',
  // A delete is a row with `_sdc_deleted_at`: Singer has no other.
  hardDeletes: false,
  // A commit costs one STATE; more than this would only be memory.
  commit: { bytes: 8 * 1024 * 1024, rows: 20_000 },
  identifierMaxBytes: 63,
  // RECORDs have attributes, not columns: what a target can hold is its own to say.
  maxColumns: MAX_ATTRIBUTE_IDS,
  numbers: 'exact-numeric',
  writers: 'one-process',
};
