export interface Message {
  readonly role?: unknown;
  readonly content?: unknown;
}

/** The text that was said last by the user; parts that are no text are left out. */
export function questionIn(messages: readonly Message[]): string {
  const last = messages.findLast(({ role }) => role === 'user');
  return last === undefined ? '' : textIn(last.content);
}

export function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as readonly { readonly text?: unknown }[])
    .flatMap((part) => (typeof part?.text === 'string' ? [part.text] : []))
    .join('\n');
}
