import { Kind, TAPE_ENTRY_WORDS, TapeFlag } from '../model/tape.ts';
import type { Wanted } from './projection-tree.ts';
import type { ScanState } from './scan-state.ts';
import { behindValue, closeContainer, pushEntry } from './scan-value.ts';

/**
 * Copies what is wanted of the value at `from` to the top of the tape, as a Scan with the projection would give it. False,
 * and nothing is copied, where no part of it exists. The top is at or below `from`, and so it stays: what is wanted is
 * never more than what is there, so copying overwrites only what was read before.
 */
export function keepWanted(scan: ScanState, from: number, wanted: Wanted): boolean {
  if (wanted.isWhole) {
    copyValue(scan, from);
    return true;
  }
  const kind = (scan.tape[from] as number) & 0xff;
  if (kind === KIND_M) return keepMembers(scan, from, wanted);
  return kind === KIND_L && keepElements(scan, from, wanted);
}

function keepMembers(scan: ScanState, from: number, { members }: Wanted): boolean {
  const { body, tape, top: index } = scan;
  const end = tape[from + 2] as number;
  pushEntry(scan, KIND_M, 0, 0);
  let count = 0;
  for (let i = from + ENTRY_WORDS; i < end; ) {
    const next = behindValue(tape, i + ENTRY_WORDS);
    const tag = tape[i] as number;
    const nameStart = tape[i + 1] as number;
    const nameEnd = tape[i + 2] as number;
    const part = members.find(body, nameStart, nameEnd, (tag & ESCAPED) !== 0);
    if (part !== undefined) {
      const at = scan.top;
      scan.top = at + ENTRY_WORDS;
      if (keepWanted(scan, i + ENTRY_WORDS, part)) {
        tape[at] = tag;
        tape[at + 1] = nameStart;
        tape[at + 2] = nameEnd;
        count++;
      } else scan.top = at;
    }
    i = next;
  }
  return endContainer(scan, index, count);
}

/** Elements come in the order of the list and close up: `l[2], l[0]` gives two elements. */
function keepElements(scan: ScanState, from: number, { elements }: Wanted): boolean {
  const { tape, top: index } = scan;
  const end = tape[from + 2] as number;
  pushEntry(scan, KIND_L, 0, 0);
  let count = 0;
  let position = 0;
  for (let i = from + ENTRY_WORDS; i < end; ) {
    const next = behindValue(tape, i);
    const part = elements.get(position++);
    if (part !== undefined && keepWanted(scan, i, part)) count++;
    i = next;
  }
  return endContainer(scan, index, count);
}

/** A container of which nothing was kept does not appear itself. */
function endContainer(scan: ScanState, index: number, count: number): boolean {
  if (count === 0) scan.top = index;
  else closeContainer(scan, index, count);
  return count > 0;
}

function copyValue(scan: ScanState, from: number): void {
  const { tape } = scan;
  const end = behindValue(tape, from);
  const distance = from - scan.top;
  for (let i = from; i < end; i += ENTRY_WORDS) {
    const tag = tape[i] as number;
    const last = tape[i + 2] as number;
    // The end of a container is a place on the tape.
    pushEntry(scan, tag, tape[i + 1] as number, (tag & 0xff) >= KIND_M ? last - distance : last);
  }
}

// Declared here because imports are slow in hot code, see scan-text.ts.
const ENTRY_WORDS = TAPE_ENTRY_WORDS;
const KIND_M = Kind.M;
const KIND_L = Kind.L;
const ESCAPED = TapeFlag.escaped;
