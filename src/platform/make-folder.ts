import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCodeOf } from './errors.ts';

/**
 * Creates a folder and those above it. Throws the error of the system. Not `recursive: true`: that never ends in a file
 * system that refuses new folders as if their parent were missing, as /proc does.
 */
export function makeFolder(path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    const parent = dirname(path);
    if (systemCodeOf(error) !== 'ENOENT' || parent === path) throw error;
    makeFolder(parent);
    makeOne(path);
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}
