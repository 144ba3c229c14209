import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the configuration takes from the environment. */
export const SHOP_ENVIRONMENT = { SHOP_SECRET: 'local' };
const CREDENTIALS = { access_key_id: 'LOCAL', secret_access_key: `\${SHOP_SECRET}` };

interface ShopConfig {
  readonly endpoint: string;
  /** Options of the tables, as the configuration has them. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Further options of the source. */
  readonly source?: Readonly<Record<string, unknown>>;
}

/** Writes a `tributary.yaml` with the source `shop`, which is loaded into `warehouse.duckdb` of the same folder. */
export function writeShopConfig(folder: string, { endpoint, tables, source = {} }: ShopConfig): void {
  const shop = { region: 'us-east-1', endpoint, credentials: CREDENTIALS, destination: 'warehouse', ...source, tables };
  const warehouse = { type: 'duckdb', path: warehouseOf(folder) };
  // JSON is YAML.
  writeFileSync(join(folder, 'tributary.yaml'), JSON.stringify({ sources: { shop }, destinations: { warehouse } }));
}

export function warehouseOf(folder: string): string {
  return join(folder, 'warehouse.duckdb');
}
