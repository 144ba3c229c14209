import type { StreamFollower } from '../extract/streams/follow-stream.ts';
import type { FollowedStream, LoadingVersion } from '../model/table-state.ts';
import type { UnitProgress } from '../state/unit-progress.ts';
import type { AttributeDictionary } from '../transcode/attribute-names.ts';
import type { LaneLoader } from './lane-loader.ts';
import type { LogBasedReplication, StreamFacts } from './log-based-replication.ts';

/** One process at work on the version of a table that follows its stream, from taking its units over to letting go. */
export interface VersionSession {
  readonly run: LogBasedReplication;
  readonly facts: StreamFacts;
  readonly loading: LoadingVersion;
  readonly stream: FollowedStream;
  /** Whether nothing of the version was read before. */
  readonly isNew: boolean;
  readonly progress: UnitProgress;
  readonly loader: LaneLoader;
  readonly names: AttributeDictionary;
  /** Aborts with the run, and with the error of a commit that fails. */
  readonly signal: AbortSignal;
  /** Reads the stream on from where everything that was handed to the loader has got to. */
  readonly follow: (signal: AbortSignal) => StreamFollower;
}
