import { validationError } from './service-error.ts';

/** Where a reader goes on, and until when it may. The token is the whole state: nothing is kept for an iterator. */
export interface ShardIterator {
  readonly streamArn: string;
  readonly shardId: string;
  /** Sequence number of the first record of interest; no record needs to have it. */
  readonly position: bigint;
  readonly issuedAtMs: number;
  /** See `Stream.iteratorGeneration`. */
  readonly generation: number;
}

const VERSION = '1';

export function iteratorToken({ streamArn, shardId, position, issuedAtMs, generation }: ShardIterator): string {
  const state = Buffer.from([shardId, position, issuedAtMs, generation].join(' ')).toString('base64');
  return `${streamArn}|${VERSION}|${state}`;
}

/** Errors: ValidationException for what is no token of ours. */
export function parseIterator(token: string | undefined): ShardIterator {
  const [streamArn = '', version, state = ''] = (token ?? '').split('|');
  const fields = /^(\S+) (\d+) (\d+(?:\.\d+)?) (\d+)$/.exec(Buffer.from(state, 'base64').toString('latin1'));
  const [, shardId, position, issuedAtMs, generation] = fields ?? [];
  if (version !== VERSION || shardId === undefined || position === undefined) {
    throw validationError('Invalid ShardIterator');
  }
  return {
    streamArn,
    shardId,
    position: BigInt(position),
    issuedAtMs: Number(issuedAtMs),
    generation: Number(generation),
  };
}
