import type { GapKind } from '../../model/gap.ts';

/** Evidence that changes of one shard, or of the whole stream, are lost. */
export interface Loss {
  readonly kind: GapKind;
  /** Null when it is about the whole stream. */
  readonly shardId: string | null;
  /** Changes made from here on may be missing, by the clock of AWS; null when unknown. */
  readonly fromMs: number | null;
  /** What was seen, as a sentence without a final full stop. */
  readonly detail: string;
}

/** Details that a message has room for. */
const DETAILS_SHOWN = 3;

/** Changes are lost: everything that was found at one time. Whoever follows the stream decides what becomes of the table. */
export class StreamGap extends Error {
  readonly kind: GapKind;
  /** Empty when it is about the whole stream. */
  readonly shardIds: readonly string[];
  readonly fromMs: number | null;
  /** Changes made after this are not missing. */
  readonly toMs: number;
  readonly detail: string;

  constructor(losses: readonly [Loss, ...Loss[]], toMs: number) {
    // A loss of the whole stream says more than those of its shards.
    const { kind } = losses.find(({ shardId }) => shardId === null) ?? losses[0];
    const shown = losses.slice(0, DETAILS_SHOWN).map(({ detail }) => detail);
    const more = losses.length - shown.length;
    const detail = shown.join('; ') + (more > 0 ? `; and ${more} more shards` : '');
    super(detail);
    this.name = 'StreamGap';
    this.kind = kind;
    this.shardIds = losses.flatMap(({ shardId }) => (shardId === null ? [] : [shardId]));
    const starts = losses.flatMap(({ fromMs }) => (fromMs === null ? [] : [fromMs]));
    this.fromMs = starts.length < losses.length ? null : Math.min(...starts);
    this.toMs = toMs;
    this.detail = detail;
  }
}
