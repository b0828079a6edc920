import { expect, test } from 'vitest';

import { tagsOf } from './call-origin.ts';

/** As Node hands a header over: byte by byte. */
const sent = (text: string) => ({ 'x-sagewai-tags': Buffer.from(text).toString('latin1') });

test('a call has the tags of its key and those that it names, each once and whole', () => {
  expect(tagsOf(['k'], {})).toEqual(['k']);
  expect(tagsOf(['k'], sent('a, k ,,ü'))).toEqual(['k', 'a', 'ü']);
  expect(tagsOf([], { 'x-litellm-tags': 'a' })).toEqual(['a']);
  expect(tagsOf([], sent(Array.from({ length: 30 }, (_, n) => `t${n}`).join(',')))).toHaveLength(
    20,
  );
});

test('a tag is cut between characters, and has none that the database does not take', () => {
  const [cut = ''] = tagsOf([], sent(`${'a'.repeat(99)}😀`));
  expect(cut).toBe(`${'a'.repeat(99)}\ufffd`);
  expect(tagsOf([], sent('a\u0085b'))).toEqual(['a\ufffdb']);
});
