import { configJsonSchema } from '../../src/config/json-schema.ts';

/** JSON Schema of tributary.yaml for editors. */
export function editorSchema(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
