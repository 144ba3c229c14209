import { defineConfig } from 'vitest/config';

/**
 * The suffix of a test file says what it needs beyond Node: .dynamo Java, .root tmpfs, remounts and network namespaces,
 * .long some minutes, .singer Python and PostgreSQL.
 */
const NEEDS = ['dynamo', 'root', 'long', 'singer'] as const;
const pattern = (suffix: string): string[] => [`src/**/*.${suffix}.test.ts`, `test/**/*.${suffix}.test.ts`];

export default defineConfig({
  test: {
    // Half of the tests wait for something; one process for each two cores would leave the machine idle.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'fast',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: NEEDS.flatMap(pattern),
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      ...NEEDS.map((suffix) => ({
        test: {
          name: suffix,
          include: pattern(suffix),
          testTimeout: 600_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      })),
    ],
  },
});
