import { type Connection, createConnection } from '../../src/connection/clients.ts';
import type { ConnectionOptions } from '../../src/model/connection-options.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { Secret } from '../../src/platform/secret.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

/** With which `localOptions` signs, where a simulator takes only keys that it knows. */
export const LOCAL_KEY = 'LOCAL';

/** A connection to a simulator, as the source `shop`. */
export function connectTo(simulator: Simulator, clock?: Clock): Connection {
  return createConnection(localOptions(simulator), clock === undefined ? {} : { clock });
}

/** What the configuration of such a source says. */
export function localOptions({ region, endpoint }: Simulator): ConnectionOptions {
  return {
    source: 'shop',
    region,
    endpoint,
    stsEndpoint: endpoint,
    credentials: { kind: 'static', accessKeyId: LOCAL_KEY, secretAccessKey: new Secret('local'), sessionToken: null },
    roles: [],
    requestTimeoutMs: 10_000,
    maxConnections: 16,
  };
}
