/**
 * USD for a million on-demand read request units, Standard table class, as published for the US regions after AWS halved
 * its on-demand prices on 1 November 2024; looked up on 2026-11-23 in secondary sources. AWS's price page has the last
 * word, and other regions have other prices: set `price_per_million_reads` for an exact figure.
 */
export const READ_PRICES_PER_MILLION_USD: Readonly<Record<string, number>> = {
  'us-east-1': 0.125,
  'us-east-2': 0.125,
  'us-west-2': 0.125,
};

/** For regions that the table does not have. */
export const READ_PRICES_REGION_FALLBACK = 0.125;
