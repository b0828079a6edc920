import { describe, expect, test } from 'vitest';

import { Remembered } from './remembered.ts';

function remembered() {
  let nowMs = 0;
  const reads: { readonly answer: (value: number) => void }[] = [];
  const all = new Remembered<string, number>({
    read: () => new Promise((answer) => void reads.push({ answer })),
    nameOf: (key) => key,
    trustMs: 100,
    monotonicMs: () => nowMs,
  });
  return { all, reads, pass: (ms: number) => (nowMs += ms) };
}

describe('Remembered', () => {
  test('reads once for all who ask at once, and again when its time is up', async () => {
    const { all, reads, pass } = remembered();
    const both = [all.find('a'), all.find('a')].map((each) => Promise.resolve(each));
    expect(reads).toHaveLength(1);
    reads[0]?.answer(1);
    expect(await Promise.all(both)).toEqual([1, 1]);
    expect(all.find('a')).toBe(1);
    pass(100);
    expect(all.find('a')).toBeInstanceOf(Promise);
    expect(reads).toHaveLength(2);
  });

  test('does not keep what was on its way when it changed', async () => {
    const { all, reads } = remembered();
    const old = all.find('a');
    all.forget('a');
    const fresh = all.find('a');
    reads[0]?.answer(1);
    await old;
    reads[1]?.answer(2);
    expect(await fresh).toBe(2);
    expect(all.find('a')).not.toBe(1);
  });
});
