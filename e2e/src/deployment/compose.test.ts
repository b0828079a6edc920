/** Every compose file of ours, and those that users bring along, as the specification has them and as our processes read them. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly read_only?: boolean;
  readonly volumes?: readonly string[];
}
interface Stack {
  readonly services: Readonly<Record<string, Service>>;
}

const files = globSync('deploy/compose/{*,documented/*}.yaml')
  .filter((file) => !file.endsWith('litellm-config.yaml'))
  .toSorted();
const read = (file: string): Stack => parse(readFileSync(file, 'utf8')) as Stack;
const ours = files.filter((file) => !file.includes('documented'));

const DATA = process.env['TEST_DATA_DIR'] ?? join('..', 'shared', 'data');
const SPECIFICATION = join(DATA, 'compose-spec.json');

describe('the compose files', () => {
  test('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(8);
  });

  test.skipIf(!existsSync(SPECIFICATION)).each(files)(
    '%s is valid by the specification (left out where compose-spec.json is not in TEST_DATA_DIR)',
    (file) => {
      const schema = JSON.parse(readFileSync(SPECIFICATION, 'utf8')) as Record<string, unknown>;
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      const validate = ajv.compile({
        ...schema,
        $schema: 'https://json-schema.org/draft/2020-12/schema',
      });
      const planted = { services: { x: { image: 'x', depend_on: [] } } };
      expect(validate(planted)).toBe(false);
      const isValid = validate(read(file));
      expect([isValid, validate.errors ?? []]).toEqual([true, []]);
    },
  );

  test('name settings of our processes that there are', () => {
    const known = readFileSync('docs/settings.md', 'utf8');
    const guide = readFileSync('docs/guides/edge.md', 'utf8');
    const unknown = files.flatMap((file) =>
      Object.values(read(file).services)
        .filter(({ image }) => /^sagewai\/(?:server|admin|edge)/.test(image ?? ''))
        .flatMap(({ environment = {} }) => Object.keys(environment))
        .filter((name) => !known.includes(`\`${name}\``) && !guide.includes(`\`${name}\``))
        .map((name) => `${file}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  test.each(ours)(
    '%s runs our images without rights, and publishes nothing that is only for inside',
    (file) => {
      for (const [name, service] of Object.entries(read(file).services)) {
        if (/^sagewai\/(?:server|worker|edge|admin)/.test(service.image ?? '')) {
          expect([name, service.read_only]).toEqual([name, true]);
        }
        if (/postgres|redis|litellm/.test(service.image ?? '')) {
          expect([name, service.ports]).toEqual([name, undefined]);
        }
      }
    },
  );

  test('mount files that are there', () => {
    const missing = files.flatMap((file) =>
      Object.values(read(file).services)
        .flatMap(({ volumes = [] }) => volumes.map((one) => one.split(':')[0] ?? ''))
        .filter((path) => path.startsWith('.') && !path.startsWith('../monitoring'))
        .map((path) => join(file, '..', path))
        .filter((path) => !existsSync(path)),
    );
    expect(missing).toEqual([]);
  });
});
