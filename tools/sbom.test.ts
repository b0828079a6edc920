import { expect, test } from 'vitest';

import { toCycloneDx } from './sbom.ts';

const IMAGE = { name: 'sagewai/server', version: '1.2.3', madeAt: new Date(0) };
const NODE = { name: 'node', version: '26.0.0', purl: 'pkg:generic/node@26.0.0', license: 'MIT' };
const LIBC = { name: 'libc6', version: '2.36-9', purl: 'pkg:deb/debian/libc6@2.36-9' };
const DUAL = {
  name: 'x',
  version: '1.0.0',
  purl: 'pkg:npm/x@1.0.0',
  license: '(MIT OR Apache-2.0)',
};

test('a bill of materials has what CycloneDX demands, and every component once, by its address', () => {
  expect(toCycloneDx(IMAGE, [NODE, DUAL, LIBC])).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { timestamp: '1970-01-01T00:00:00.000Z', component: { type: 'container' } },
    components: [
      { type: 'library', purl: LIBC.purl },
      { purl: NODE.purl, licenses: [{ license: { name: 'MIT' } }] },
      { purl: DUAL.purl, licenses: [{ expression: '(MIT OR Apache-2.0)' }] },
    ],
    dependencies: [{ dependsOn: [LIBC.purl, NODE.purl, DUAL.purl] }],
  });
});

test('the same components make the same bill, in whatever order; others another', () => {
  const serial = (...components: (typeof NODE | typeof LIBC)[]): unknown =>
    (toCycloneDx(IMAGE, components) as { serialNumber: string }).serialNumber;
  expect(serial(NODE, LIBC)).toBe(serial(LIBC, NODE));
  expect(serial(NODE)).not.toBe(serial(LIBC));
  expect(serial(NODE)).toMatch(
    /^urn:uuid:[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
  );
});
