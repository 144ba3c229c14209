/**
 * Tables whose names match one of the patterns, in the order given: `*` stands for any characters, `?` for one; all else
 * stands for itself. Letters count as they are: names of DynamoDB tables are case-sensitive.
 */
export function matchNames(names: readonly string[], patterns: readonly string[]): readonly string[] {
  const expressions = patterns.map(patternExpression);
  return names.filter((name) => expressions.some((expression) => expression.test(name)));
}

function patternExpression(pattern: string): RegExp {
  // Runs of stars are one star, so that matching stays quick.
  const parts = pattern.replace(/\*+/g, '*').split(/([*?])/);
  const source = parts.map((part) => {
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, 's');
}
