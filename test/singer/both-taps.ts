import { ourTap, pythonTap, runTap, type TapRun } from './run-tap.ts';
import { lastState } from './tap-output.ts';

export interface BothRuns {
  readonly python: TapRun;
  readonly ours: TapRun;
}

interface SameFiles {
  readonly config?: unknown;
  readonly catalog?: unknown;
  readonly flags?: readonly string[];
  /** Each tap goes on from its own last state. */
  readonly since?: BothRuns;
}

/** Runs the two on the same tables, one after the other. */
export async function runBoth({ since, ...files }: SameFiles): Promise<BothRuns> {
  const stateOf = (run: TapRun | undefined): object => (run === undefined ? {} : { state: lastState(run) });
  return {
    python: await runTap(pythonTap(), { ...files, ...stateOf(since?.python) }),
    ours: await runTap(ourTap(), { ...files, ...stateOf(since?.ours) }),
  };
}
