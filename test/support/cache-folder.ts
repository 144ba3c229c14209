import { join } from 'node:path';

/** Where fetched parts of tests are kept; git ignores it. */
export function cacheFolder(): string {
  return process.env['TRIBUTARY_TEST_CACHE'] ?? join(import.meta.dirname, '..', '..', '.cache');
}
