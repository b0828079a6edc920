import { generateKeySync } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { open, seal, sealingKey } from './seal.ts';

const master = generateKeySync('hmac', { length: 256 });
const key = sealingKey(master, 'credentials');

describe('seal', () => {
  test('opens what it sealed, and shows nothing of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (data, context) => {
        const sealed = seal(key, data, context);
        expect(open([key], sealed, context)).toEqual({ kind: 'opened', data: Buffer.from(data) });
      }),
    );
    expect(seal(key, 'hunter2', 'a')).not.toContain('hunter2');
  });

  test('never makes the same text twice (S2)', () => {
    expect(new Set(Array.from({ length: 100 }, () => seal(key, 'x', 'c'))).size).toBe(100);
  });

  test('does not open in another context (S1)', () => {
    expect(open([key], seal(key, 'x', 'credential/1'), 'credential/2').kind).toBe('refused');
  });

  test('does not open with the key of another purpose, nor under its id (S1)', () => {
    const other = sealingKey(master, 'sessions');
    const sealed = seal(key, 'x', 'c');
    expect(other.id).not.toBe(key.id);
    expect(open([other], sealed, 'c').kind).toBe('refused');
    expect(open([other], sealed.replace(key.id, other.id), 'c').kind).toBe('refused');
    // The very key under another name: the name is part of what was sealed.
    expect(open([{ ...key, id: other.id }], sealed.replace(key.id, other.id), 'c').kind).toBe(
      'refused',
    );
  });

  test('opens with a key that was replaced, among several (S3)', () => {
    const next = sealingKey(generateKeySync('hmac', { length: 256 }), 'credentials');
    const opened = open([next, key], seal(key, 'x', 'c'), 'c');
    expect(opened.kind === 'opened' && opened.data.toString()).toBe('x');
  });

  test('a change of any letter or of the length is refused', () => {
    const sealed = seal(key, 'hello', 'c');
    for (let index = 0; index < sealed.length; index += 1) {
      for (const letter of 'AaZz09_-.') {
        const tampered = sealed.slice(0, index) + letter + sealed.slice(index + 1);
        if (tampered !== sealed) expect(open([key], tampered, 'c').kind).toBe('refused');
      }
      expect(open([key], sealed.slice(0, index), 'c').kind).toBe('refused');
    }
    expect(open([key], `${sealed}A`, 'c').kind).toBe('refused');
    expect(open([key], `${sealed}.`, 'c').kind).toBe('refused');
  });
});
