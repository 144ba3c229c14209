import { setFlagsFromString } from 'node:v8';

/**
 * For a process that moves megabytes a second through buffers and keeps few objects. V8 counts the bytes of buffers towards
 * a limit that it derives from the objects, so it would begin to mark all of them again every few pages, in steps beside
 * the work. Without these steps most buffers die young, and what is left is marked at once when there is too much of it:
 * a fifth less CPU for a run of the tap (`npm run bench -- tap`), and nothing there minds a pause of some milliseconds.
 */
export function collectWithoutSteps(): void {
  setFlagsFromString('--no-incremental-marking');
}
