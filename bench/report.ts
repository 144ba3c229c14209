/** One measured figure; `--json` prints it as it is. */
export interface Figure {
  readonly bench: string;
  readonly case: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

export interface BenchOptions {
  readonly report: (figure: Figure) => void;
  /** Remarks for people, on stderr. */
  readonly say: (remark: string) => void;
  /** The long form with full sizes. */
  readonly long: boolean;
}

/** A benchmark; rejects when its output is wrong or a part it needs is missing. */
export type Bench = (options: BenchOptions) => Promise<void>;
