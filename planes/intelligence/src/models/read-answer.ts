import { textIn } from './messages.ts';

const DATA = /^data: ?(.*)$/s;

/** Fields that an answer is told with, in place of its own. */
export interface Changes {
  readonly whole: object;
  readonly chunk: object;
}

/** Null: it is none that could be remembered. */
export function readWhole(
  body: string,
  changes: Changes,
): { readonly told: string; readonly text: string } | null {
  const answer = parse(body);
  if (answer === null) return null;
  const [choice] = answer.choices ?? [];
  return {
    told: JSON.stringify({ ...answer, ...changes.whole }),
    text: textIn(choice?.message?.content),
  };
}

/** One event of a stream. */
export function readChunk(
  frame: string,
  changes: Changes,
): { readonly told: string; readonly text: string; readonly isEnd: boolean } {
  const [, data = ''] = DATA.exec(frame) ?? [];
  if (data.trim() === '[DONE]') return { told: frame, text: '', isEnd: true };
  const chunk = parse(data);
  if (chunk === null) return { told: frame, text: '', isEnd: false };
  // Of several answers the first is the one that goes on.
  const choice = chunk.choices?.find(({ index }) => index === undefined || index === 0);
  const text = textIn(choice?.delta?.content);
  return { told: `data: ${JSON.stringify({ ...chunk, ...changes.chunk })}`, text, isEnd: false };
}

interface Said {
  readonly id?: unknown;
  readonly choices?: readonly {
    readonly index?: number;
    readonly message?: { readonly content?: unknown };
    readonly delta?: { readonly content?: unknown };
  }[];
}

function parse(text: string): Said | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'choices' in value
      ? (value as Said)
      : null;
  } catch {
    return null;
  }
}
