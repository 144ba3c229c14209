import type { Capabilities } from '../../model/capabilities.ts';

export const DUCKDB_CAPABILITIES: Capabilities = {
  transactional: true,
  fenced: true,
  guarantee: 'exactly-once',
  changes: 'merge',
  hardDeletes: true,
  // An open transaction is not bounded by the memory_limit (500k rows in one held 576 MB when measured), and most of what a
  // small commit costs does not depend on its size: so commits are as large as memory comfortably allows.
  commit: { bytes: 24 * 1024 * 1024, rows: 50_000 },
  // DuckDB has no limit of its own: 63 is what every other destination can take, so names stay portable.
  identifierMaxBytes: 63,
  // 5,001 columns were loaded when measured; the rest is left to metadata columns and to later versions.
  maxColumns: 4_000,
  numbers: 'lattice',
  writers: 'one-process',
};
