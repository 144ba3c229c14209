/** Whether a new version has lost so many rows that it is rather a mistake: more than half of them, or all. */
export function isShrink(liveRowCount: number, newRowCount: number): boolean {
  return newRowCount * 2 < liveRowCount;
}
