/** AWS's default limit of one on-demand table, in read request units a second (Service Quotas, "Table-level read throughput"). */
const ON_DEMAND_DEFAULT_UNITS_PER_S = 40_000;

/** How much of the capacity a source may use: a share of what a table has, or units a second over all its tables. */
export type ReadCapacity =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'units'; readonly unitsPerSecond: number };

interface TableCapacity {
  readonly provisionedReadUnits: number | null;
  readonly onDemandMaxReadUnits: number | null;
}

/**
 * Read capacity units a second that one table may be read with; null without a limit. A number for the whole source is
 * divided evenly over the tables that are read at the same time.
 */
export function unitsPerSecond(
  capacity: ReadCapacity | null,
  { provisionedReadUnits, onDemandMaxReadUnits }: TableCapacity,
  tablesAtOnce: number,
): number | null {
  if (capacity === null) return null;
  if (capacity.kind === 'units') return capacity.unitsPerSecond / Math.max(1, tablesAtOnce);
  // Zero is what endpoints say that do not know: a share of it would read nothing.
  return (provisionedReadUnits || onDemandMaxReadUnits || ON_DEMAND_DEFAULT_UNITS_PER_S) * capacity.share;
}
