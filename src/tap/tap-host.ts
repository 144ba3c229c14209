import type { TapSignals } from './stop-signal.ts';

interface TextSink {
  write(text: string): unknown;
}

/** What the tap needs of the process it runs in. */
export interface TapHost {
  /** As it was called, for the help. */
  readonly name: string;
  readonly argv: readonly string[];
  /** For help and version. Messages go to the file descriptor. */
  readonly stdout: TextSink;
  readonly messagesFd: number;
  readonly stderr: TextSink;
  readonly signals: TapSignals;
}
