import type { ParsedProjection, PathStep } from '../model/projection.ts';
import { createNameTable } from './name-table.ts';
import { unescapedText } from './tape-text.ts';

/** What a projection takes of a value: all of it, or parts of a map, or elements of a list. */
export interface Wanted {
  readonly isWhole: boolean;
  readonly members: WantedMembers;
  /** By index. Paths never take a map and a list at the same place, so `members` or `elements` is empty. */
  readonly elements: ReadonlyMap<number, Wanted>;
}

/** What a projection takes of a map or an item. */
export interface WantedMembers {
  /** What it takes of the member whose name lies in `body`, without its quotes; undefined for nothing. */
  find(body: Buffer, start: number, end: number, isEscaped: boolean): Wanted | undefined;
}

const trees = new WeakMap<ParsedProjection, WantedMembers>();

/** The paths of a projection as a tree; made once for each projection. */
export function projectionTree(projection: ParsedProjection): WantedMembers {
  const known = trees.get(projection);
  if (known !== undefined) return known;
  const tree = wantedOf(projection.paths).members;
  trees.set(projection, tree);
  return tree;
}

/** `paths` as they go on from a value. One that ends there takes all of it; then it is the only one. */
function wantedOf(paths: readonly (readonly PathStep[])[]): Wanted {
  const byName = new Map<string, (readonly PathStep[])[]>();
  const byIndex = new Map<number, (readonly PathStep[])[]>();
  for (const [step, ...rest] of paths) {
    if (step === undefined) continue;
    if ('attribute' in step) byName.set(step.attribute, [...(byName.get(step.attribute) ?? []), rest]);
    else byIndex.set(step.index, [...(byIndex.get(step.index) ?? []), rest]);
  }
  return {
    isWhole: byName.size + byIndex.size === 0,
    members: wantedMembers(new Map(Array.from(byName, ([name, rests]) => [name, wantedOf(rests)]))),
    elements: new Map(Array.from(byIndex, ([index, rests]) => [index, wantedOf(rests)])),
  };
}

function wantedMembers(byName: ReadonlyMap<string, Wanted>): WantedMembers {
  const table = createNameTable([...byName.keys()]);
  const byId = [...byName.values()];
  return {
    find: (body, start, end, isEscaped) =>
      isEscaped ? byName.get(unescapedText(body, start, end)) : byId[table.find(body, start, end)],
  };
}
