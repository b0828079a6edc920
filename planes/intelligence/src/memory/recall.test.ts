import { describe, expect, test } from 'vitest';

import { hashVector } from '../texts/hash-vector.ts';
import { chooseDialogs } from './choose-dialogs.ts';
import type { Dialog, KeptVector } from './dialog.ts';

const dialog = (user: string, assistant = 'Noted.', vector: KeptVector | null = null): Dialog => ({
  user,
  assistant,
  vector,
});
const bounds = { topK: 1, bytesMax: 10_000 };
const small = [dialog('hello there'), dialog('thanks a lot')];

const recalled = (
  memory: 'short_term' | 'vdb' | 'kv' | 'graph',
  dialogs: readonly Dialog[],
  text: string,
  vector: KeptVector | null = null,
): string[] =>
  chooseDialogs(memory, dialogs, { question: { text, vector }, bounds }).map(({ user }) => user);

describe('what a model is reminded of', () => {
  test('short_term: the last ten dialogs, oldest first, whatever is asked', () => {
    const dialogs = Array.from({ length: 12 }, (_, n) => dialog(`number ${n}`));
    expect(recalled('short_term', dialogs, 'what was number 0?')).toEqual(
      dialogs.slice(2).map(({ user }) => user),
    );
  });

  test('kv: the dialog that has the rare word of the question, and the last two', () => {
    const dialogs = [
      dialog('my locker code is 4711'),
      dialog('my cat is called Miso'),
      dialog('my bike is red'),
      ...small,
    ];
    expect(recalled('kv', dialogs, 'what is the code of my locker?')).toEqual([
      'my locker code is 4711',
      'hello there',
      'thanks a lot',
    ]);
    // No word of it, no dialog.
    expect(recalled('kv', dialogs, 'and the weather?')).toEqual(['hello there', 'thanks a lot']);
  });

  test('vdb: without a model, forms of a word are near each other, which words alone are not', () => {
    const dialogs = [dialog('we were planning a journey'), dialog('the invoice is paid'), ...small];
    expect(recalled('vdb', dialogs, 'the plans of journeys')[0]).toBe('we were planning a journey');
    expect(recalled('kv', dialogs, 'the plans of journeys')).toHaveLength(2);
    expect(hashVector('journey')).toEqual(hashVector('Journey!'));
  });

  test('vdb: with a model its vectors decide, and those of another model say nothing', () => {
    const of = (model: string, ...values: number[]): KeptVector => ({ model, values });
    const dialogs = [
      dialog('first', 'x', of('e', 1, 0)),
      dialog('second', 'x', of('e', 0, 1)),
      dialog('third', 'x', of('other', 0.6, 0.8)),
      ...small,
    ];
    expect(recalled('vdb', dialogs, 'none of the words', of('e', 0.1, 0.9))[0]).toBe('second');
  });

  test('graph: what is two steps away is found, though it has no word of the question', () => {
    const dialogs = [
      dialog('Acme moved to Oslo'),
      dialog('Ada joined Acme'),
      dialog('the garden needs rain'),
      dialog('a train left early'),
      ...small,
    ];
    const { question } = { question: { text: 'tell me about Ada', vector: null } };
    const both = chooseDialogs('graph', dialogs, { question, bounds: { ...bounds, topK: 2 } });
    expect(both.map(({ user }) => user).slice(0, 2)).toEqual([
      'Acme moved to Oslo',
      'Ada joined Acme',
    ]);
    expect(recalled('kv', dialogs, 'tell me about Ada')).not.toContain('Acme moved to Oslo');
  });

  test('a question of megabytes keeps nobody waiting', () => {
    const others = Array.from({ length: 1_000 }, (_, n) => dialog(`page ${n} says nothing`));
    const dialogs = [dialog('my locker code is 4711'), ...others];
    const more = Array.from({ length: 300_000 }, (_, n) => `w${n}`).join(' ');
    const startedAt = performance.now();
    for (const memory of ['kv', 'graph'] as const) {
      expect(recalled(memory, dialogs, `the code of my locker? ${more}`)[0]).toBe(
        'my locker code is 4711',
      );
    }
    // With all of its words it takes eighteen seconds.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('of a long chat the last million letters are searched', () => {
    const page = dialog('word '.repeat(20_000));
    const pages = Array.from({ length: 12 }, () => page);
    const code = dialog('my locker code is 4711');
    const question = 'what is the code of my locker?';
    expect(recalled('kv', [code, ...pages.slice(4), ...small], question)).toContain(code.user);
    expect(recalled('kv', [code, ...pages, ...small], question)).not.toContain(code.user);
    expect(recalled('kv', [...pages, code, ...small], question)).toContain(code.user);
  });

  test('where not all has room, what was said last has', () => {
    const dialogs = ['a', 'b', 'c'].map((letter) => dialog(letter.repeat(40), ''));
    const question = { text: '', vector: null };
    const chosen = chooseDialogs('short_term', dialogs, {
      question,
      bounds: { topK: 4, bytesMax: 90 },
    });
    expect(chosen.map(({ user }) => user[0])).toEqual(['b', 'c']);
  });
});
