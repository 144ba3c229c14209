import { READ_PRICES_PER_MILLION_USD, READ_PRICES_REGION_FALLBACK } from './read-prices.ts';
import type { TableSize } from './segment-plan.ts';

/** One read capacity unit is 4 KB read strongly consistent or 8 KB eventually consistent (Read/Write Capacity Mode). */
const UNIT_BYTES = 4096;
/** What one process moved from a loopback server into DuckDB was well above this; a network is more often the limit. */
const ASSUMED_BYTES_PER_SECOND = 20 * 1024 * 1024;

export interface ScanEstimate {
  readonly rows: number;
  readonly bytes: number;
  readonly capacityUnits: number;
  readonly seconds: number;
  /** Null for provisioned tables: their capacity is paid for by the hour, read or not. */
  readonly costUsd: number | null;
}

interface EstimateOptions {
  readonly size: TableSize;
  readonly consistentRead: boolean;
  /** The capacity budget; null without one. */
  readonly unitsPerSecond: number | null;
  readonly onDemand: boolean;
  readonly region: string;
  /** What the user pays, where the price table is wrong for them; null takes the table. */
  readonly pricePerMillionReadsUsd: number | null;
}

/** What reading a whole table once will take, from DescribeTable's counts (which AWS updates about every six hours). */
export function estimateScan(options: EstimateOptions): ScanEstimate {
  const { size, unitsPerSecond } = options;
  const unitBytes = options.consistentRead ? UNIT_BYTES : UNIT_BYTES * 2;
  const capacityUnits = Math.ceil((size.sizeBytes / unitBytes) * 2) / 2;
  const seconds = Math.max(
    size.sizeBytes / ASSUMED_BYTES_PER_SECOND,
    unitsPerSecond === null ? 0 : capacityUnits / unitsPerSecond,
  );
  const price =
    options.pricePerMillionReadsUsd ?? READ_PRICES_PER_MILLION_USD[options.region] ?? READ_PRICES_REGION_FALLBACK;
  return {
    rows: size.itemCount,
    bytes: size.sizeBytes,
    capacityUnits,
    seconds,
    costUsd: options.onDemand ? (capacityUnits / 1_000_000) * price : null,
  };
}
