import { z } from 'zod';
import { fileSchema } from './schema.ts';

/** The part of JSON Schema that the option declarations come out as. */
export interface OptionSchema {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly anyOf?: readonly OptionSchema[] | undefined;
  readonly properties?: Readonly<Record<string, OptionSchema>> | undefined;
  readonly additionalProperties?: OptionSchema | boolean | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: OptionSchema | undefined;
  readonly default?: unknown | undefined;
  readonly examples?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly secret?: boolean | undefined;
}

/** JSON Schema of tributary.yaml, for editors (schema/tributary.schema.json) and for the generated reference. */
export function configJsonSchema(): OptionSchema {
  // zod types its answer as any JSON Schema, booleans and tuples included; our declarations produce only this part of it.
  return z.toJSONSchema(fileSchema, { io: 'input' }) as OptionSchema;
}

/** The declaration of the option at a path of the file, or undefined where nothing is declared. */
export function optionAt(root: OptionSchema, path: readonly PropertyKey[]): OptionSchema | undefined {
  let at: OptionSchema | undefined = root;
  for (const step of path) {
    if (at === undefined) return undefined;
    at = typeof step === 'number' ? at.items : (ownProperty(at.properties, String(step)) ?? restOf(at));
  }
  return at;
}

function ownProperty(properties: OptionSchema['properties'], name: string): OptionSchema | undefined {
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function restOf({ additionalProperties }: OptionSchema): OptionSchema | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
