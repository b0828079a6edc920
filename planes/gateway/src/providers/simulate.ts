import { createHash } from 'node:crypto';

import type { Usage } from '../money/usage.ts';

/** What the simulated provider reads of a request. */
export interface SimulatedRequest {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly n: number;
  /** Infinity: as long as the answer is. */
  readonly tokensMax: number;
  readonly stops: readonly string[];
}

export interface SimulatedAnswer {
  readonly id: string;
  readonly choices: readonly {
    /** The content, a token each; joined they are the content. */
    readonly tokens: readonly string[];
    readonly finishReason: 'stop' | 'length';
  }[];
  readonly usage: Pick<Usage, 'input' | 'output'>;
}

export const SIMULATED_MARK = '[simulated]';
const QUOTED_WORDS_MAX = 40;

/**
 * The same answer to the same request, always: it says that it is simulated, and repeats what it was
 * asked. A token is a word with the space before it, here and in the usage.
 */
export function simulate(request: SimulatedRequest): SimulatedAnswer {
  const prompt = request.messages.map((message) => textOf(message)).join('\n');
  const question = wordsOf(textOf(request.messages.at(-1)));
  const digest = createHash('sha256').update(`${request.model}\n${prompt}`).digest('hex');
  const choices = Array.from({ length: request.n }, (_, index) => {
    const more = question.length > QUOTED_WORDS_MAX ? ' …' : '';
    const quoted = question.slice(0, QUOTED_WORDS_MAX).join(' ');
    const variant = index === 0 ? '' : ` (choice ${index + 1})`;
    const content = `${SIMULATED_MARK} No model was called${variant}. You asked: “${quoted}${more}”`;
    return shorten(tokensOf(content), request);
  });
  return {
    id: `chatcmpl-simulated-${digest.slice(0, 24)}`,
    choices,
    usage: {
      input: wordsOf(prompt).length,
      output: choices.reduce((sum, { tokens }) => sum + tokens.length, 0),
    },
  };
}

function shorten(tokens: readonly string[], { tokensMax, stops }: SimulatedRequest) {
  const content = tokens.join('');
  const cuts = stops.map((stop) => content.indexOf(stop)).filter((at) => at !== -1);
  const kept = cuts.length === 0 ? tokens : tokensOf(content.slice(0, Math.min(...cuts)));
  return kept.length > tokensMax
    ? { tokens: kept.slice(0, tokensMax), finishReason: 'length' as const }
    : { tokens: kept, finishReason: 'stop' as const };
}

function textOf(message: unknown): string {
  const { content } = (message ?? {}) as { content?: unknown };
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as readonly ({ text?: unknown } | null)[])
    .map((part) => (typeof part?.text === 'string' ? part.text : ''))
    .join(' ');
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function tokensOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}
