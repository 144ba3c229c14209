import type { Capabilities } from '../../model/capabilities.ts';

export const DUCKDB_CAPABILITIES: Capabilities = {
  transactional: true,
  fenced: true,
  guarantee: 'exactly-once',
  changes: 'merge',
  // DuckDB has no limit of its own: 63 is what every other destination can take, so names stay portable.
  identifierMaxBytes: 63,
  // 5,001 columns were loaded when measured; the rest is left to metadata columns and to later versions.
  maxColumns: 4_000,
  numbers: 'lattice',
  writers: 'one-process',
};
