import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/simulator/manual-clock.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { BEHAVIOURS } from './all-behaviours.ts';
import type { SimulatedSubject } from './behaviour.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';

let subject: SimulatedSubject;

beforeAll(async () => {
  // Not a whole second, which would hide what is cut to seconds.
  const clock = createManualClock(Date.UTC(2026, 0, 1) + 789);
  const simulator = await startSimulator({ clock, enforceCapacity: true });
  const options = {
    endpoint: simulator.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  };
  const client = new DynamoDBClient(options);
  const streams = new DynamoDBStreamsClient(options);
  subject = { endpoint: simulator.endpoint, client, streams, now: clock.now, simulator, clock };
});

beforeEach(() => {
  // Limits per second begin anew.
  subject.clock.advance(1_000);
});

afterEach(() => {
  subject.simulator.faults.clear();
});

afterAll(async () => {
  subject.client.destroy();
  subject.streams.destroy();
  await subject.simulator.close();
});

describe.each(Object.entries(BEHAVIOURS))('the simulator: %s', (_area, behaviours) => {
  for (const behaviour of behaviours) {
    it(`${behaviour.name} (${behaviour.where})`, () => behaviour.check(subject));
  }
});

it('holds at least 60 behaviours that both are checked on, each with a name of its own', () => {
  const all = Object.values(BEHAVIOURS).flat();
  expect(all.filter(({ where }) => where === 'both').length).toBeGreaterThanOrEqual(60);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const behaviour of all) {
    if (behaviour.where === 'simulator only') expect(KNOWN_DIFFERENCES).toHaveProperty([behaviour.because]);
  }
});
