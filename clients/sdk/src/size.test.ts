import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { gzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

const GZIP_BYTES_MAX = 60_000;
const ENTRIES = ['index.ts', 'agent/index.ts', 'context/index.ts', 'strategies/index.ts'];
const IMPORT = /^(?:import|export)\s(?!type\s)(?:[^'";]*?\sfrom\s)?'([^']+)';/gm;

/** What an application loads with these, and what of it is not ours. */
function load(entries: readonly string[]): { bytes: number; foreign: readonly string[] } {
  const todo = entries.map((entry) => new URL(entry, import.meta.url).href);
  const texts = new Map<string, string>();
  const foreign = new Set<string>();
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (texts.has(at)) continue;
    const text = readFileSync(new URL(at), 'utf8');
    texts.set(at, stripTypeScriptTypes(text));
    for (const [, name = ''] of text.matchAll(IMPORT)) {
      if (name.startsWith('.')) todo.push(new URL(name, at).href);
      else if (name === '@sagewai/address' || name === '@sagewai/seal') todo.push(ofContract(name));
      else foreign.add(name);
    }
  }
  return { bytes: gzipSync([...texts.values()].join('\n')).length, foreign: [...foreign] };
}

const ofContract = (name: string): string =>
  new URL(`../../../contract/${name.slice('@sagewai/'.length)}/src/index.ts`, import.meta.url).href;

describe('what an application loads', () => {
  test.each(ENTRIES)('%s needs nothing but its runtime', (entry) => {
    expect(load([entry]).foreign.filter((name) => !name.startsWith('node:'))).toEqual([]);
  });

  test('all of it is at most 60 kB, compressed', () => {
    const { bytes } = load(ENTRIES);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThanOrEqual(GZIP_BYTES_MAX);
  });
});
