/** OpenAI's own description of its objects, where it is at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';

const root = resolve(import.meta.dirname, '../../..');

/** The mistakes of a value as text; empty where there are none. */
export type MistakesOf = (value: unknown) => string;

/** `dataDir` is TEST_DATA_DIR. Where the description is missing, everything is right. */
export function openSchemas(dataDir: string | null | undefined): (name: string) => MistakesOf {
  const file = join(resolve(root, dataDir ?? '../shared/data'), 'openai-openapi.json');
  if (!existsSync(file)) {
    console.info(`OpenAI's schemas are left out: ${file} is missing (set TEST_DATA_DIR)`);
    return () => () => '';
  }
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false });
  ajv.addSchema(spellNullable(JSON.parse(readFileSync(file, 'utf8'))) as object, 'openai');
  return (name) => {
    const validate = ajv.compile({ $ref: `openai#/components/schemas/${name}` });
    return (value) => (validate(value) ? '' : ajv.errorsText(validate.errors));
  };
}

/** The document says `nullable`, which its own version of OpenAPI no longer knows. */
function spellNullable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(spellNullable);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...rest } = schema as Record<string, unknown>;
  const spelt = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, spellNullable(value)]),
  );
  return nullable === true ? { anyOf: [spelt, { type: 'null' }] } : spelt;
}
