/** Something that a request waits for until the test opens it. */
export interface Gate {
  open(): void;
  /** Resolves when it is open. */
  readonly opened: Promise<void>;
  /** Resolves when the first request stands before it. */
  readonly reached: Promise<void>;
  /** For the simulator: arrives and waits. */
  pass(): Promise<void>;
}

export function createGate(): Gate {
  let open = (): void => {};
  let reach = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return {
    open: () => open(),
    opened,
    reached,
    pass: () => {
      reach();
      return opened;
    },
  };
}
