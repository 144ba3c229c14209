/**
 * USD for a million on-demand read request units, Standard table class. Source: the AWS page "Amazon DynamoDB pricing
 * for on-demand capacity" for the US East and US West (Oregon) regions, after the change of 1 November 2024; as of 2026-11-01.
 * Other regions cost about the same to 60 % more: set `price_per_million_reads` for an exact figure.
 */
export const READ_PRICES_PER_MILLION_USD: Readonly<Record<string, number>> = {
  'us-east-1': 0.125,
  'us-east-2': 0.125,
  'us-west-2': 0.125,
};

/** For regions that the table does not have. */
export const READ_PRICES_REGION_FALLBACK = 0.125;
