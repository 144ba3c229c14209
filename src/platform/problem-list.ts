/** One problem in one line, several under a heading that counts them. */
export function problemList(heading: string, problems: readonly string[]): string {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) return first;
  return `${heading}: ${problems.length} problems\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
}
