/** What stands around the members of each row where rows are written as lines of JSON, such as Singer RECORDs. */
export interface RecordFrame {
  /** Ends with the brace that opens the object of the row. */
  readonly head: Buffer;
  /** Begins with the brace that closes the object, or with a comma and more members; ends with the line. */
  readonly tail: Buffer;
}

/** How the values of an attribute are written where their JSON alone would not do. NULL stays null in both. */
export type Rendering =
  /** N as a JSON string of its canonical plain decimal form, everything else as it is. */
  | 'number-text'
  /** Every value as a JSON string of its canonical text. */
  | 'text';
