import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import { PROBLEMS } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

const PLANE_HEADINGS = ['## Purpose', '## Invariants', '## Tables', '## Failure modes'];
const ADR_HEADINGS = [
  '## Context',
  '## Decision',
  '## Consequences',
  '## What would change our mind',
];

const read = (path: string): string => readFileSync(path, 'utf8');
const missingFrom = (text: string, headings: readonly string[]): string[] =>
  headings.filter((heading) => !text.includes(`\n${heading}\n`));

const planes = globSync('planes/*');
const statements = globSync('{platform,planes,apps,db}/**/src/**/*.sql.ts').filter(
  (path) => !path.includes('node_modules'),
);
const decisions = globSync('docs/adr/[0-9]*.md');
const migrations = globSync('db/migrations/*.sql');

describe('conventions', () => {
  test('the scan sees the repository', () => {
    expect(planes.length).toBeGreaterThanOrEqual(5);
    expect(statements.length).toBeGreaterThan(10);
    expect(decisions.length).toBeGreaterThan(3);
    expect(migrations.length).toBeGreaterThan(5);
  });

  test.each(planes)('%s has a README with the four headings', (plane) => {
    expect(missingFrom(read(`${plane}/README.md`), PLANE_HEADINGS)).toEqual([]);
  });

  test.each(decisions)('%s has the four headings', (decision) => {
    expect(missingFrom(read(decision), ADR_HEADINGS)).toEqual([]);
  });

  test.each(statements)('%s has tests on a real database', (path) => {
    const folder = dirname(path);
    const stem = basename(path, '.sql.ts');
    const own = existsSync(`${folder}/${stem}.pg.test.ts`);
    const tests = globSync(`${folder}/**/*.pg.test.ts`).map(read);
    const imported = tests.some((text) => text.includes(`./${stem}.sql.ts'`));
    expect(own || imported, `no .pg.test.ts beside ${path} names it`).toBe(true);
  });

  test.each(migrations)('%s is named by time, plane and purpose', (path) => {
    expect(basename(path)).toMatch(
      /^20\d{10}_(platform|trust|identity|ledger|gateway|fleet)_\w+\.sql$/,
    );
  });

  test('every problem is documented', () => {
    const guide = read('docs/guides/http-status.md');
    expect(Object.keys(PROBLEMS).filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
  });
});
