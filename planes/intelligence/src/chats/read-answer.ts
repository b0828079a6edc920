import { textIn } from './read-question.ts';

const DATA = /^data: ?(.*)$/s;

/** Null: it is none that could be remembered. */
export function readWhole(
  body: string,
  id: string,
): { readonly told: string; readonly text: string } | null {
  const answer = parse(body);
  if (answer === null) return null;
  const [choice] = answer.choices ?? [];
  return {
    told: JSON.stringify({ ...answer, id: answerId(id) }),
    text: textIn(choice?.message?.content),
  };
}

/** One event of a stream, with the id of the chat. */
export function readChunk(
  frame: string,
  id: string,
): { readonly told: string; readonly text: string; readonly isEnd: boolean } {
  const [, data = ''] = DATA.exec(frame) ?? [];
  if (data.trim() === '[DONE]') return { told: frame, text: '', isEnd: true };
  const chunk = parse(data);
  if (chunk === null) return { told: frame, text: '', isEnd: false };
  // Of several answers the first is the one that goes on.
  const choice = chunk.choices?.find(({ index }) => index === undefined || index === 0);
  const text = textIn(choice?.delta?.content);
  return { told: `data: ${JSON.stringify({ ...chunk, id: answerId(id) })}`, text, isEnd: false };
}

export const answerId = (id: string): string => `chatcmpl-${id}`;

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
