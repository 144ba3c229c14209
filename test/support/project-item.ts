import type { DocumentPath, PathStep } from '../../src/model/projection.ts';
import { Members, membersOf, typed } from './oracle.ts';

/** A projection by its definition: a value stays if a path leads to it, or to a value in it, or to one that it is in. */
export function projectItem(item: Members, paths: readonly DocumentPath[]): Members {
  return projectMembers(item, [], paths);
}

function projectMembers(members: Members, place: readonly PathStep[], paths: readonly DocumentPath[]): Members {
  return new Members(
    membersOf(members).flatMap(([name, value]) => {
      const projected = projectValue(value, [...place, { attribute: name }], paths);
      return projected === undefined ? [] : [[name, projected] as const];
    }),
  );
}

function projectValue(value: unknown, place: readonly PathStep[], paths: readonly DocumentPath[]): Members | undefined {
  if (!(value instanceof Members)) throw new Error('not a value');
  if (paths.some((path) => isPrefix(path, place))) return value;
  const [type, content] = typed(value);
  if (type === 'M' && content instanceof Members) {
    const members = projectMembers(content, place, paths);
    return members.entries.length === 0 ? undefined : new Members([['M', members]]);
  }
  if (type === 'L' && Array.isArray(content)) {
    const elements = content.flatMap((element: unknown, index) => {
      const projected = projectValue(element, [...place, { index }], paths);
      return projected === undefined ? [] : [projected];
    });
    return elements.length === 0 ? undefined : new Members([['L', elements]]);
  }
  return undefined;
}

function isPrefix(path: DocumentPath, place: readonly PathStep[]): boolean {
  return path.every((step, depth) => JSON.stringify(step) === JSON.stringify(place[depth]));
}

/** The way to every value of an item, values in values included. */
export function placesOf(item: Members): readonly DocumentPath[] {
  const within = (value: unknown, place: DocumentPath): readonly DocumentPath[] => {
    const [type, content] = typed(value);
    if (type === 'M')
      return membersOf(content).flatMap(([name, inner]) => deeper(inner, [...place, { attribute: name }]));
    if (type !== 'L' || !Array.isArray(content)) return [];
    return content.flatMap((inner: unknown, index) => deeper(inner, [...place, { index }]));
  };
  const deeper = (value: unknown, place: DocumentPath): readonly DocumentPath[] => [place, ...within(value, place)];
  return membersOf(item).flatMap(([name, value]) => deeper(value, [{ attribute: name }]));
}

/** The paths without those that DynamoDB would refuse beside an earlier one. */
export function pathsApart(paths: readonly DocumentPath[]): readonly DocumentPath[] {
  const kept: DocumentPath[] = [];
  for (const path of paths) if (kept.every((other) => areApart(path, other))) kept.push(path);
  return kept;
}

function areApart(one: DocumentPath, other: DocumentPath): boolean {
  const depth = one.findIndex((step, index) => JSON.stringify(step) !== JSON.stringify(other[index]));
  const [left, right] = [one[depth], other[depth]];
  return left !== undefined && right !== undefined && 'attribute' in left === 'attribute' in right;
}
