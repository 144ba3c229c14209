import type { Clock } from '../../platform/clock.ts';
import { type Logger, silentLogger } from '../../platform/logger.ts';
import type { Destination } from '../destination.ts';
import { beginVersion } from './begin-version.ts';
import { DUCKDB_CAPABILITIES } from './capabilities.ts';
import { checkFile } from './check.ts';
import { compactFile } from './compact.ts';
import { createDuckDbFile } from './connection.ts';
import { finishVersion } from './finish-version.ts';
import { createGroupCommit } from './group-commit.ts';
import { openLoad } from './load.ts';
import type { DuckDbOptions } from './options.ts';
import { publishCopy } from './publish.ts';
import { createReadersCopy } from './readers-copy.ts';
import { haltTable, resyncVersion } from './resync.ts';
import { createDuckDbRunStore } from './run-store.ts';
import { sampleRows } from './sample.ts';

interface Surroundings {
  readonly clock: Clock;
  readonly logger?: Logger;
}

/**
 * A DuckDB file as destination: rows and bookmarks in one transaction, one process at a time. The file is opened for each
 * operation and closed after it.
 */
export function createDuckDbDestination(
  options: DuckDbOptions,
  { clock, logger = silentLogger }: Surroundings,
): Destination {
  const log = logger.at('target');
  const { path, publish, lockWaitMs } = options;
  const file = createDuckDbFile({ path, lockWaitMs, clock, logger: log });
  const groupCommit = createGroupCommit(file);
  const closing = new AbortController();
  const readersCopy =
    publish === null
      ? null
      : createReadersCopy({
          publish: (signal) => publishCopy(file, publish, signal),
          ...{ clock, log, signal: closing.signal },
        });

  return {
    capabilities: DUCKDB_CAPABILITIES,
    runStore: createDuckDbRunStore(file, closing.signal),
    check: ({ signal }) => checkFile(options, { clock, signal }),
    refresh: {
      begin: (request, { signal }) => beginVersion(file, request, signal),
      async finish(request, { signal }) {
        const finished = await finishVersion(file, request, signal);
        await readersCopy?.renewNow(signal);
        return finished;
      },
    },
    gaps: {
      resync: (request, { signal }) => resyncVersion(file, request, signal),
      halt: (request, { signal }) => haltTable(file, request, signal),
    },
    open: (lane, { signal }) =>
      openLoad({ file, groupCommit, onLiveCommit: () => readersCopy?.renewSoon() }, lane, signal),
    async sample(target, count) {
      return (await file.read((connection) => sampleRows(connection, target, count), closing.signal)) ?? [];
    },
    compact: ({ signal }) => compactFile(file, signal),
    async close() {
      try {
        await readersCopy?.complete(closing.signal);
      } finally {
        closing.abort();
      }
    },
  };
}
