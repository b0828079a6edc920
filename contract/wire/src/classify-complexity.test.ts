import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  classifyComplexity,
  type ClassifiedRequest,
  type Complexity,
  TIERS,
} from './classify-complexity.ts';

const user = (content: unknown) => ({ role: 'user', content });
const asked = (content: unknown, more: object = {}) =>
  classifyComplexity({ messages: [user(content)], ...more });
const x = (count: number): string => 'x'.repeat(count);
/** Neither short nor long, in a conversation of three: no signal moves it from 50. */
const NEUTRAL = [user(x(400)), { role: 'assistant', content: x(400) }, user(x(200))];
const neutral = (more: ClassifiedRequest = {}): Complexity =>
  classifyComplexity({ messages: NEUTRAL, ...more });

describe('a request without signals', () => {
  test('is in the middle', () => {
    expect(neutral()).toEqual({
      tier: 'medium',
      score: 50,
      confidence: 1,
      reason: 'Score 50 → medium',
      signals: {
        total_tokens: 250,
        message_count: 3,
        system_tokens: 0,
        last_user_chars: 200,
        code_blocks: 0,
        tool_count: 0,
        complex_keywords: 0,
        simple_keywords: 0,
      },
    });
  });

  test('is as simple as can be where there is nothing', () => {
    expect(classifyComplexity({})).toMatchObject({ tier: 'simple', score: 5 });
    expect(asked('Hi')).toMatchObject({
      score: 5,
      reason: 'Score 5 → simple (a very short question)',
    });
  });
});

describe('each signal moves the score by what the table says', () => {
  const before = [user('a'), { role: 'assistant', content: 'b' }];
  const sized = (chars: number): number => {
    const messages = [
      ...NEUTRAL.slice(1, 2),
      { role: 'tool', content: x(chars - 600) },
      user(x(200)),
    ];
    return classifyComplexity({ messages }).score;
  };

  test.each([
    [796, 35], // 199 tokens
    [800, 50],
    [8_003, 50], // 2,000 tokens
    [8_004, 60],
    [16_003, 60],
    [16_004, 70],
    [32_003, 70],
    [32_004, 80],
  ])('%i characters in all', (chars, score) => expect(sized(chars)).toBe(score));

  test.each([
    [1, 40],
    [2, 40],
    [3, 50],
    [10, 50],
    [11, 60],
    [20, 60],
    [21, 65],
  ])('%i messages', (count, score) => {
    const filler = Array.from({ length: count - 1 }, () => ({ role: 'tool', content: '' }));
    const messages = [...filler, user(x(900))];
    expect(classifyComplexity({ messages }).score).toBe(score);
  });

  test.each([
    [8_003, 50],
    [8_004, 60],
    [16_003, 60],
    [16_004, 65],
  ])('a system prompt of %i characters', (chars, score) => {
    const inMessages = [{ role: 'system', content: x(chars) }, ...NEUTRAL];
    const beside = neutral({ system: [{ type: 'text', text: x(chars) }] });
    const own = beside.score - (beside.signals.total_tokens > 4_000 ? 20 : 10);
    expect(own).toBe(score);
    expect(classifyComplexity({ messages: inMessages }).score).toBe(beside.score);
  });

  test.each([
    [49, 30],
    [50, 40],
    [149, 40],
    [150, 50],
    [1_000, 50],
    [1_001, 60],
    [3_000, 60],
    [3_001, 70],
  ])('a last user message of %i characters', (chars, score) => {
    const messages = [{ role: 'assistant', content: x(900) }, user(x(3)), user(x(chars))];
    expect(classifyComplexity({ messages }).score).toBe(score);
  });

  test.each([
    [2, 50],
    [3, 60],
    [5, 60],
    [6, 65],
  ])('%i fences of code blocks', (count, score) => {
    const messages = [user('```'.repeat(count) + x(300)), ...NEUTRAL.slice(1)];
    expect(classifyComplexity({ messages }).score).toBe(score);
  });

  test.each([
    [0, 50],
    [1, 55],
    [5, 55],
    [6, 65],
    [10, 65],
    [11, 70],
  ])('%i tools', (count, score) => {
    expect(neutral({ tools: Array.from({ length: count }, () => ({})) }).score).toBe(score);
  });

  test('each word of the last user message, as a whole word in any case', () => {
    const scoreOf = (text: string): number =>
      classifyComplexity({ messages: [...NEUTRAL.slice(0, 2), user(`${text} ${x(200)}`)] }).score;
    const hard =
      'architect design plan review refactor analyze implement migrate restructure optimize security audit multi-file end-to-end';
    for (const word of [...hard.split(' '), 'Multi file', 'END TO END', 'endtoend']) {
      expect([word, scoreOf(word)]).toEqual([word, 58]);
    }
    const easy =
      'fix,typo,rename,add comment,simple,quick,small,trivial,autocomplete,one-line,import,lint,format';
    for (const word of [...easy.split(','), 'one line', 'ONELINE', 'Fix']) {
      expect([word, scoreOf(word)]).toEqual([word, 42]);
    }
    expect(scoreOf('design design')).toBe(66);
    expect(scoreOf('prefix designer planning informat replané audit_log')).toBe(50);
    expect(
      classifyComplexity({ messages: [user('design'), ...before, user(x(200))] }).signals,
    ).toMatchObject({ complex_keywords: 0 });
  });
});

test('a tier begins where its score does', () => {
  const at = (words: number, more: ClassifiedRequest = {}) =>
    classifyComplexity({
      messages: [...NEUTRAL.slice(0, 2), user(`${'fix '.repeat(words)}${x(200)}`)],
      ...more,
    });
  expect(at(2)).toMatchObject({ score: 34, tier: 'medium', confidence: 0.6 });
  expect(at(3)).toMatchObject({ score: 26, tier: 'simple' });
  expect(at(3).confidence).toBeCloseTo(0.5 + (0.5 * 4) / 30);
  expect(at(30)).toMatchObject({ score: 0, tier: 'simple', confidence: 1 });
  expect(at(0, { tools: Array.from({ length: 11 }) })).toMatchObject({
    score: 70,
    tier: 'complex',
    confidence: 0.5,
  });
});

test('only the texts of parts count, and a character beyond the first plane is one', () => {
  const parts = [
    { type: 'text', text: '😀'.repeat(49) },
    { type: 'image_url', text: x(999) },
    null,
    7,
  ];
  expect(asked(parts).signals).toMatchObject({ last_user_chars: 49, total_tokens: 12 });
});

test('any value is classified, the same each time', () => {
  fc.assert(
    fc.property(
      fc.anything(),
      fc.anything(),
      fc.array(fc.anything()),
      (system, tools, messages) => {
        const result = classifyComplexity({ system, tools, messages });
        expect(TIERS).toContain(result.tier);
        expect(result.score).toBeGreaterThanOrEqual(0);
        expect(result.score).toBeLessThanOrEqual(100);
        expect(result.confidence).toBeGreaterThanOrEqual(0.5);
        expect(result.confidence).toBeLessThanOrEqual(1);
        expect(classifyComplexity({ system, tools, messages })).toEqual(result);
        expect(classifyComplexity({ messages: system }).tier).toBeDefined();
      },
    ),
  );
});

test('harder words never make a request simpler', () => {
  const words = fc.array(fc.constantFrom('design', 'fix', 'hello', 'audit', '```', 'typo'));
  fc.assert(
    fc.property(words, (some) => {
      const text = some.join(' ');
      expect(asked(`${text} migrate`).score).toBeGreaterThanOrEqual(
        Math.min(100, asked(`${text} xigrate`).score),
      );
    }),
  );
});

test('the time that it takes grows with the size, not faster', () => {
  const tricky = ['end to ', 'multi multi-', 'one-', '```', 'a', '\u{1f600}', 'add '];
  for (const piece of tricky) {
    const started = performance.now();
    asked(piece.repeat(Math.ceil(4_000_000 / piece.length)));
    // Quadratic would take hours.
    expect(performance.now() - started).toBeLessThan(10_000);
  }
});
