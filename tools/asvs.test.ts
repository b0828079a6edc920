import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { type AsvsItem, readAsvs, testOf } from './read-asvs.ts';

/** How many items of levels 1 and 2 the standard has, in its version 5.0.0. */
const ITEMS = { '1': 70, '2': 183 };
const SAID: Readonly<Record<string, readonly string[]>> = {
  yes: ['test', 'doc'],
  no: ['missing'],
  outside: ['why'],
};

/** Why the evidence of an item is none; null when it is. */
function findGap(item: AsvsItem): string | null {
  const { id, holds, kind, said } = item;
  if (SAID[holds]?.includes(kind) !== true) return `${id}: ${holds} with ${kind}`;
  if (kind === 'doc') return existsSync(said) ? null : `${id}: there is no ${said}`;
  if (kind !== 'test') return null;
  const { file, name } = testOf(item);
  if (!file.endsWith('.test.ts') || !existsSync(file)) return `${id}: there is no ${file}`;
  // Whether it ran is told from the report of a run: check-asvs.ts.
  const source = readFileSync(file, 'utf8');
  const isThere = ["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`));
  return isThere ? null : `${id}: ${file} has no test "${name}"`;
}

test('docs/security/asvs.yaml has each item of levels 1 and 2 once, and what it names is there', () => {
  const items = readAsvs();
  expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
  for (const [level, count] of Object.entries(ITEMS))
    expect([level, items.filter((item) => item.level === level).length]).toEqual([level, count]);
  expect(items.map(findGap).filter((gap) => gap !== null)).toEqual([]);
});

test('a test or a page that is not there is seen', () => {
  const named = (said: string, kind = 'test'): string | null =>
    findGap({ id: 'V1.1.1', level: '1', holds: 'yes', kind, said });
  expect(
    named("tools/asvs.test.ts, name: 'a test or a page that is not there is seen'"),
  ).toBeNull();
  expect(named(`tools/asvs.test.ts, name: 'no${'thing'} of the kind'`)).toContain('has no test');
  expect(named("tools/nowhere.test.ts, name: 'x'")).toContain('there is no');
  expect(named('docs/nowhere.md', 'doc')).toContain('there is no');
  expect(named('because', 'why')).not.toBeNull();
});
