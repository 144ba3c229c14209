import { TributaryError } from '../../src/platform/errors.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { acceptingDestination } from '../support/accepting-destination.ts';
import { createHurriedClock, type HurriedClock } from '../support/hurried-clock.ts';
import { runLogBased } from '../support/log-based-run.ts';
import { createMemoryPlace, createTapPlace, type HistoryKind } from './history-place.ts';
import { createRandom, type Random } from './random.ts';
import { createWriter, TABLE } from './writer.ts';

const DAY_MS = 24 * 3_600_000;

/** What went differently than it must; null when nothing did. */
export type Verdict = string | null;

/**
 * One random history: writers, shards that roll and split, faults, expired iterators, crashes at random commits, lost
 * answers, slow destinations, outages of more than a day; then quiet, one more run, and the destination must equal the
 * source. Everything is drawn from the seed but the timing of requests.
 */
export async function runHistory(seed: number, kind: HistoryKind): Promise<Verdict> {
  const random = createRandom(seed);
  const clock = createHurriedClock(400);
  const simulator = await startSimulator({ clock });
  try {
    return await play({ random, clock, simulator, kind });
  } finally {
    await simulator.close();
  }
}

interface History {
  readonly random: Random;
  readonly clock: HurriedClock;
  readonly simulator: Simulator;
  readonly kind: HistoryKind;
}

async function play(history: History): Promise<Verdict> {
  const { random, clock, simulator, kind } = history;
  const place = kind === 'tap' ? createTapPlace(clock) : createMemoryPlace(kind);
  const writer = createWriter({ simulator, random });
  // Singer targets compare nothing, and say late what they have got.
  const isConfirmedLater = kind === 'ordered' && random.chance(0.5);
  const drawnDeletes = random.oneOf(['soft', 'hard'] as const);
  const deletes = place.hardDeletes ? drawnDeletes : 'soft';
  const shards = random.chance(0.25) ? 'closed' : 'open';
  const run = async (crashAfter: number | null, signal: AbortSignal): Promise<void> => {
    const crash = createCrash({ random, crashAfter, onCommit: () => place.observe() });
    await place.run(crash.hooks, (atOnce) =>
      runLogBased({
        simulator,
        destination: isConfirmedLater
          ? acceptingDestination(atOnce, (waiting) => (random.chance(0.5) ? 0 : random.integer(0, waiting)))
          : atOnce,
        table: TABLE,
        clock,
        deletes,
        shards,
        // Writers that delete most of twelve keys are no accident here.
        allowShrink: true,
        signal: AbortSignal.any([signal, crash.signal]),
        flushIntervalMs: random.integer(500, 5_000),
        segmentConcurrency: random.integer(1, 3),
      }),
    );
  };

  writer.write(random.integer(0, 30));
  const outageAt = random.chance(0.25) ? random.integer(0, 3) : null;
  const rounds = random.integer(1, 5);
  for (let round = 0; round < rounds; round++) {
    disturb(history);
    const stop = new AbortController();
    const running = run(random.chance(0.7) ? random.integer(0, 6) * place.writesPerCommit : null, stop.signal).then(
      () => null,
      (error: unknown) => error,
    );
    await writer.writeSlowly(random.integer(5, 40), () => disturb(history));
    if (random.chance(0.3)) stop.abort(new TributaryError('CANCELLED', 'stopped by the history'));
    const error = await running;
    if (error !== null && !isExpected(error)) return `a run ended with ${String(error)}`;
    if (round === outageAt) {
      writer.write(random.integer(0, 10));
      clock.jump(DAY_MS + random.integer(1, 6) * 3_600_000);
      writer.write(random.integer(0, 10));
    }
  }
  simulator.faults.clear();
  for (const { id } of simulator.streams.shards(TABLE)) simulator.streams.hideFromListing(TABLE, id, 0);
  if (shards === 'closed') simulator.streams.rollAll(TABLE);
  await run(null, new AbortController().signal);
  return place.verdict ?? difference(simulator, place.lines());
}

/** Things that happen to a source in its life. */
function disturb({ random, simulator }: History): void {
  const { streams, faults } = simulator;
  const shard = random.oneOf(streams.openShardIds(TABLE));
  if (random.chance(0.3)) streams.roll(TABLE, shard);
  else if (random.chance(0.2) && streams.openShardIds(TABLE).length < 6) streams.split(TABLE, shard);
  if (random.chance(0.2)) streams.hideFromListing(TABLE, random.oneOf(streams.openShardIds(TABLE)), 1);
  if (random.chance(0.1)) streams.listChildrenFirst(TABLE, random.chance(0.5));
  if (random.chance(0.2)) streams.expireIterators(TABLE);
  if (random.chance(0.2)) streams.setPropagationDelay(TABLE, random.integer(0, 1_500));
  if (random.chance(0.3)) {
    const action = random.oneOf(['GetRecords', 'GetShardIterator', 'DescribeStream', 'Scan'] as const);
    faults.add({ action, after: random.integer(0, 5), fault: randomFault(random) });
  }
}

function randomFault(random: Random) {
  return random.oneOf([
    { kind: 'throttle', error: 'ProvisionedThroughputExceededException' },
    { kind: 'server-error', status: 500 },
    { kind: 'reset-mid-body' },
    { kind: 'cut-body', framing: 'content-length' },
    { kind: 'empty-body' },
  ] as const);
}

/** A process that dies at a commit: nothing of it is durable, or all of it and nobody knows; nothing comes after it. */
function createCrash({
  random,
  crashAfter,
  onCommit,
}: {
  readonly random: Random;
  readonly crashAfter: number | null;
  readonly onCommit: () => void;
}) {
  const dead = new AbortController();
  const isLostAnswer = random.chance(0.5);
  let commits = 0;
  const die = (): never => {
    dead.abort(CRASH);
    throw CRASH;
  };
  return {
    signal: dead.signal,
    hooks: {
      beforeCommit: async (): Promise<void> => {
        if (dead.signal.aborted) throw CRASH;
        for (let turns = random.chance(0.3) ? random.integer(1, 20) : 0; turns > 0; turns--) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        commits += 1;
        if (commits - 1 === crashAfter && !isLostAnswer) die();
      },
      afterCommit: (): void => {
        onCommit();
        if (commits - 1 === crashAfter) die();
      },
    },
  };
}

const CRASH = new TributaryError('DESTINATION_FAILED', 'The process died here');

function isExpected(error: unknown): boolean {
  // On a clock this fast, a processor that is busy for a second is an outage of the source for minutes.
  return (
    error === CRASH || (error instanceof TributaryError && (error.code === 'CANCELLED' || error.kind === 'transient'))
  );
}

/** The first key whose row at the destination is not what the source holds. */
function difference(simulator: Simulator, lines: readonly string[] | null): Verdict {
  if (lines === null) return 'nothing is live';
  const rows = new Map(lines.map(rowOf));
  const items = new Map(simulator.tables.items(TABLE).map(itemOf));
  for (const [key, item] of items) {
    if (rows.get(key) !== item) return `${key}: the source has ${item}, the destination ${rows.get(key) ?? 'nothing'}`;
  }
  for (const key of rows.keys()) if (!items.has(key)) return `${key}: is not in the source any more`;
  return null;
}

function rowOf(line: string): readonly [string, string] {
  const row: Record<string, unknown> = JSON.parse(line);
  const attributes = Object.entries(row).filter(([name]) => !name.startsWith('_sdc_'));
  return [String(row['pk']), JSON.stringify(attributes.sort())];
}

function itemOf(json: string): readonly [string, string] {
  const item: Record<string, { S?: string; N?: string }> = JSON.parse(json);
  const attributes = Object.entries(item).map(([name, { S, N }]) => [name, S ?? Number(N)]);
  return [item['pk']?.S ?? '', JSON.stringify(attributes.sort())];
}
