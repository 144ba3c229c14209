import { TributaryError } from '../platform/errors.ts';

/**
 * Regions as of 2026-11 (AWS General Reference, "Service endpoints"). Only used to suggest and to explain: a region that
 * is newer than this list works, because well-formed codes are never refused.
 */
const KNOWN_REGIONS: readonly string[] = [
  ...['af-south-1', 'ap-east-1', 'ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1'],
  ...['ap-south-2', 'ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4', 'ap-southeast-5'],
  ...['ap-southeast-6', 'ap-southeast-7', 'ca-central-1', 'ca-west-1', 'cn-north-1', 'cn-northwest-1', 'eu-central-1'],
  ...[
    'eu-central-2',
    'eu-north-1',
    'eu-south-1',
    'eu-south-2',
    'eu-west-1',
    'eu-west-2',
    'eu-west-3',
    'eusc-de-east-1',
  ],
  ...['il-central-1', 'me-central-1', 'me-south-1', 'mx-central-1', 'sa-east-1', 'us-east-1', 'us-east-2'],
  ...['us-gov-east-1', 'us-gov-west-1', 'us-west-1', 'us-west-2'],
];

/** `eu-west-1`, `us-gov-west-1`, `eusc-de-east-1`. */
const REGION_CODE = /^[a-z]{2,4}(-[a-z]{2,12}){1,2}-\d{1,2}$/;
/** A local DynamoDB takes any name; it becomes part of ARNs and of signatures, so it stays a plain word. */
const LOCAL_REGION = /^[a-z0-9-]{1,64}$/;

/** Refuses what cannot be a region; a region that this version does not know passes. Throws REGION_INVALID. */
export function validateRegion(region: string, { local }: { readonly local: boolean }): void {
  if ((local ? LOCAL_REGION : REGION_CODE).test(region)) return;
  throw new TributaryError('REGION_INVALID', `"${region}" is not a region code`, {
    hint: `Use a region code such as ${nearestRegion(region)}, or set \`endpoint\` for a local DynamoDB`,
    context: { region },
  });
}

export function isKnownRegion(region: string): boolean {
  return KNOWN_REGIONS.includes(region);
}

/** The known region that is the fewest edits away: `eu-west1` gives `eu-west-1`, `us-east-3` gives `us-east-1`. */
export function nearestRegion(region: string): string {
  const wanted = region.toLowerCase();
  let nearest = 'us-east-1';
  for (const known of KNOWN_REGIONS) {
    if (editDistance(wanted, known) < editDistance(wanted, nearest)) nearest = known;
  }
  return nearest;
}

function editDistance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[right.length] ?? 0;
}
