import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const schemaFile = join(
  resolve(ROOT, process.env['TEST_DATA_DIR'] ?? '../shared/data'),
  'compose-spec.json',
);
const compose = parse(read('examples/litellm/compose.yaml')) as {
  readonly services: Record<string, { environment: Record<string, string>; image: string }>;
};

test('the compose file is one, by the schema of Compose files', () => {
  if (!existsSync(schemaFile)) {
    console.info(
      `The schema of Compose files is left out: ${schemaFile} is missing (set TEST_DATA_DIR)`,
    );
    expect(process.env['REQUIRE_ALL']).not.toBe('1');
    return;
  }
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as Record<string, unknown>;
  const ajv = new Ajv({ strict: false, logger: false, validateFormats: false });
  const isCompose = ajv.compile({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' });
  expect(isCompose(compose) || isCompose.errors).toBe(true);
  expect(isCompose({ ...compose, services: { x: { imge: 'y' } } })).toBe(false);
});

test('every variable that it gives the server is a setting of the server', () => {
  const settings = read('docs/settings.md');
  const names = Object.keys(compose.services['sagewai-admin']?.environment ?? {});
  expect(names.filter((name) => !settings.includes(`\`${name}\``))).toEqual([]);
  expect(names).toContain('LITELLM_PROXY_URL');
});
