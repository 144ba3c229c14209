/** What a destination can do, as data: nobody switches on the name of a destination. */
export interface Capabilities {
  /** Rows and bookmarks become visible together or not at all. */
  readonly transactional: boolean;
  /** The destination itself refuses the commit of a process that has lost its units. */
  readonly fenced: boolean;
  readonly guarantee: 'exactly-once' | 'at-least-once';
  /**
   * What it does with changes of a stream. `merge`: of two versions of a key the one with the greater sequence stays, so
   * a snapshot and a stream may be loaded side by side. `ordered`: what comes last stays. `none`: it takes snapshots only.
   */
  readonly changes: 'merge' | 'ordered' | 'none';
  /** Whether it can remove rows whose items were deleted; all that take changes can mark them. */
  readonly hardDeletes: boolean;
  /** What a commit should hold at most: bytes of pages in memory with their tapes, and rows. */
  readonly commit: { readonly bytes: number; readonly rows: number };
  readonly identifierMaxBytes: number;
  /** Columns of a table, metadata columns not counted. */
  readonly maxColumns: number;
  /** `exact-numeric` destinations hold any N in one type, so numbers never widen there. */
  readonly numbers: 'lattice' | 'exact-numeric';
  /** Whether several processes may load it at once. */
  readonly writers: 'one-process' | 'many';
}
