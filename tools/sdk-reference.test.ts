import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { readExports } from './read-exports.ts';
import { sdkReference } from './sdk-reference.ts';

// The formatter may break lines of the page elsewhere, and puts commas there.
const flat = (text: string): string => text.replaceAll(/[^\p{L}\p{N}]+/gu, ' ');

test('the reference is what the source says: node tools/generate-sdk-reference.ts', () => {
  const page = readFileSync(new URL('../docs/reference/sdk.md', import.meta.url), 'utf8');
  expect(flat(page)).toBe(flat(sdkReference()));
});

const FILES: Record<string, string> = {
  'a/index.ts':
    "export { type Kind, make, Thing, LIMIT } from './thing.ts';\nexport { seal } from '@other/seal';\n",
  'a/thing.ts': `export { LIMIT } from './limit.ts';

/** One of two. */
export type Kind =
  | { readonly kind: 'one'; readonly n: number }
  | { readonly kind: 'two' };

/**
 * Makes one,
 * from an object.
 */
export async function make({
  n,
}: {
  readonly n: number;
}): Promise<{ readonly thing: Thing }> {
  return { thing: new Thing(n) };
}

export class Thing {
  readonly n: number;
  readonly #hidden = 1;

  constructor(n: number) {
    this.n = n;
  }

  /** Counts. */
  async count(by: number): Promise<number> {
    const more = () => {
      return by;
    };
    return this.n + more();
  }

  /** Nobody's. */
  #own(): void {
    return;
  }
}
`,
  'a/limit.ts': '/** So many. */\nexport const LIMIT = { a: 1 };\n',
};

test('names are found where they are declared, without what they do', () => {
  const names = readExports('a/index.ts', (file) => FILES[file] ?? '');
  expect(names).toEqual([
    {
      name: 'Kind',
      file: 'a/thing.ts',
      comment: 'One of two.',
      signature:
        "export type Kind =\n  | { readonly kind: 'one'; readonly n: number }\n  | { readonly kind: 'two' };",
    },
    {
      name: 'make',
      file: 'a/thing.ts',
      comment: 'Makes one, from an object.',
      signature:
        'export function make({\n  n,\n}: {\n  readonly n: number;\n}): Promise<{ readonly thing: Thing }>;',
    },
    {
      name: 'Thing',
      file: 'a/thing.ts',
      comment: '',
      signature:
        'export class Thing {\n  readonly n: number;\n  constructor(n: number);\n  /** Counts. */\n  count(by: number): Promise<number>;\n}',
    },
    {
      name: 'LIMIT',
      file: 'a/thing.ts',
      comment: 'So many.',
      signature: 'export const LIMIT = { a: 1 };',
    },
    { name: 'seal', file: '@other/seal', comment: '', signature: '' },
  ]);
});
