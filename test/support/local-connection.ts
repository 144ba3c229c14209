import { type Connection, createConnection } from '../../src/connection/clients.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { Secret } from '../../src/platform/secret.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

/** A connection to a simulator, as the source `shop`. */
export function connectTo({ region, endpoint }: Simulator, clock?: Clock): Connection {
  return createConnection(
    {
      source: 'shop',
      region,
      endpoint,
      stsEndpoint: endpoint,
      credentials: { kind: 'static', accessKeyId: 'LOCAL', secretAccessKey: new Secret('local'), sessionToken: null },
      roles: [],
      requestTimeoutMs: 10_000,
      maxConnections: 16,
    },
    clock === undefined ? {} : { clock },
  );
}
