import type { Capabilities } from '../../model/capabilities.ts';

export const FILES_CAPABILITIES: Capabilities = {
  // One log entry names the data file and moves the bookmarks; readers follow the log.
  transactional: true,
  fenced: true,
  guarantee: 'exactly-once',
  changes: 'none',
  hardDeletes: false,
  // A file for each commit: the fewer, the better for whoever reads them.
  commit: { bytes: 24 * 1024 * 1024, rows: 50_000 },
  identifierMaxBytes: 63,
  // JSON Lines have no columns, but the generated view has.
  maxColumns: 4_000,
  numbers: 'lattice',
  // The log would take more, but lanes of several processes would not see which columns the others have named: each new
  // column of one fences the others.
  writers: 'one-process',
};
