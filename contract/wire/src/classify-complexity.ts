/**
 * How hard a request seems, judged by what it looks like: no model is asked, and nothing is looked up. The
 * score starts in the middle; each signal moves it by what its table says, and the words of the last user
 * message by 8 each. It is a guess that is cheap, the same for the same request, and open to be looked at.
 */

export const TIERS = ['simple', 'medium', 'complex'] as const;
export type Tier = (typeof TIERS)[number];

/** What of a request is looked at; what has another form counts as not being there. */
export interface ClassifiedRequest {
  readonly messages?: unknown;
  /** Beside the messages, as Anthropic has it. */
  readonly system?: unknown;
  readonly tools?: unknown;
}

export interface ComplexitySignals {
  readonly total_tokens: number;
  readonly message_count: number;
  readonly system_tokens: number;
  readonly last_user_chars: number;
  readonly code_blocks: number;
  readonly tool_count: number;
  readonly complex_keywords: number;
  readonly simple_keywords: number;
}

export interface Complexity {
  readonly tier: Tier;
  /** 0 to 100. */
  readonly score: number;
  /** 0.5 on the border of two tiers, 1 as far from it as can be. */
  readonly confidence: number;
  readonly reason: string;
  readonly signals: ComplexitySignals;
}

/** The first range that has the value moves the score; above the last, nothing does. */
type Steps = readonly { readonly from?: number; readonly to?: number; readonly by: number }[];

// From and to belong to the range.
const STEPS: Readonly<Record<string, Steps>> = {
  total_tokens: [
    { to: 199, by: -15 },
    { from: 8_001, by: 30 },
    { from: 4_001, by: 20 },
    { from: 2_001, by: 10 },
  ],
  message_count: [
    { to: 2, by: -10 },
    { from: 21, by: 15 },
    { from: 11, by: 10 },
  ],
  system_tokens: [
    { from: 4_001, by: 15 },
    { from: 2_001, by: 10 },
  ],
  last_user_chars: [
    { to: 49, by: -20 },
    { to: 149, by: -10 },
    { from: 3_001, by: 20 },
    { from: 1_001, by: 10 },
  ],
  code_blocks: [
    { from: 6, by: 15 },
    { from: 3, by: 10 },
  ],
  tool_count: [
    { from: 11, by: 20 },
    { from: 6, by: 15 },
    { from: 1, by: 5 },
  ],
  complex_keywords: [],
  simple_keywords: [],
} satisfies Record<keyof ComplexitySignals, Steps>;

const COMPLEX_WORDS = wordsOf(
  'architect design plan review refactor analyze implement migrate restructure optimize security audit',
  ['multi[- ]?file', 'end[- ]?to[- ]?end'],
);
const SIMPLE_WORDS = wordsOf(
  'fix typo rename simple quick small trivial autocomplete import lint format',
  ['add comment', 'one[- ]?line'],
);

const START = 50;
const WORD = 8;
const SCORE_MAX = 100;
const SIMPLE_BELOW = 30;
const COMPLEX_FROM = 70;
const CHARS_PER_TOKEN = 4;

export function classifyComplexity(request: ClassifiedRequest): Complexity {
  const signals = signalsOf(request);
  let sum = START + WORD * (signals.complex_keywords - signals.simple_keywords);
  for (const [name, steps] of Object.entries(STEPS)) {
    sum += moveBy(steps, signals[name as keyof ComplexitySignals]);
  }
  const score = Math.max(0, Math.min(SCORE_MAX, sum));
  const tier = score < SIMPLE_BELOW ? 'simple' : score >= COMPLEX_FROM ? 'complex' : 'medium';
  const told = remarksOn(signals);
  const because = told.length === 0 ? '' : ` (${told.join(', ')})`;
  return {
    tier,
    score,
    confidence: 0.5 + 0.5 * Math.min(1, DEPTH[tier](score)),
    reason: `Score ${score} → ${tier}${because}`,
    signals,
  };
}

/** How deep in its tier a score is: 0 on the border, 1 at the farthest. */
const DEPTH: Readonly<Record<Tier, (score: number) => number>> = {
  simple: (score) => (SIMPLE_BELOW - score) / SIMPLE_BELOW,
  medium: (score) =>
    Math.min(score - SIMPLE_BELOW, COMPLEX_FROM - score) / ((COMPLEX_FROM - SIMPLE_BELOW) / 2),
  complex: (score) => (score - COMPLEX_FROM) / (SCORE_MAX - COMPLEX_FROM),
};

function moveBy(steps: Steps, value: number): number {
  const step = steps.find(({ from = -Infinity, to = Infinity }) => value >= from && value <= to);
  return step?.by ?? 0;
}

function signalsOf({ messages, system, tools }: ClassifiedRequest): ComplexitySignals {
  const said = (Array.isArray(messages) ? messages : []).map((message: unknown) => ({
    role: fieldOf(message, 'role'),
    text: textOf(fieldOf(message, 'content')),
  }));
  const apart = textOf(system);
  const systemTexts = [
    apart,
    ...said.filter(({ role }) => role === 'system').map(({ text }) => text),
  ];
  const asked = said.filter(({ role }) => role === 'user').map(({ text }) => text);
  const last = asked.at(-1) ?? '';
  return {
    total_tokens: tokensIn([apart, ...said.map(({ text }) => text)]),
    message_count: said.length,
    system_tokens: tokensIn(systemTexts),
    last_user_chars: charsIn(last),
    code_blocks: asked.join(' ').split('```').length - 1,
    tool_count: Array.isArray(tools) ? tools.length : 0,
    complex_keywords: countOf(COMPLEX_WORDS, last),
    simple_keywords: countOf(SIMPLE_WORDS, last),
  };
}

/** Of a content: a text, or parts of which some are texts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  const texts = content.flatMap((part: unknown) => {
    const text = typeof part === 'string' ? part : fieldOf(part, 'text');
    const type = fieldOf(part, 'type');
    const isText = typeof part === 'string' || type === 'text' || type === 'input_text';
    return isText && typeof text === 'string' ? [text] : [];
  });
  return texts.join(' ');
}

const fieldOf = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null
    ? (of as Readonly<Record<string, unknown>>)[name]
    : undefined;

const tokensIn = (texts: readonly string[]): number =>
  Math.floor(texts.reduce((sum, text) => sum + charsIn(text), 0) / CHARS_PER_TOKEN);

/** Characters, of which one beyond the first plane is two units. */
function charsIn(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const isHigh = (text.charCodeAt(at) & 0xfc00) === 0xd800;
    if (isHigh && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) count--;
  }
  return count;
}

function countOf(words: RegExp, text: string): number {
  return text.match(words)?.length ?? 0;
}

/** Whole words in any case, in any script. */
function wordsOf(plain: string, patterns: readonly string[]): RegExp {
  const any = [...plain.split(' '), ...patterns].join('|');
  return new RegExp(`(?<![\\p{L}\\p{N}_])(?:${any})(?![\\p{L}\\p{N}_])`, 'giu');
}

function remarksOn(signals: ComplexitySignals): string[] {
  const { total_tokens: tokens, tool_count: tools, message_count: messages } = signals;
  const { complex_keywords: complex, simple_keywords: simple } = signals;
  return [
    ...(tokens > 4_000 ? [`${tokens} tokens`] : []),
    ...(tools > 5 ? [`${tools} tools`] : []),
    ...(complex > 0 ? [`${complex} words of hard tasks`] : []),
    ...(simple > 0 ? [`${simple} words of easy tasks`] : []),
    ...(signals.last_user_chars < 50 ? ['a very short question'] : []),
    ...(messages > 10 ? [`${messages} messages`] : []),
  ];
}
