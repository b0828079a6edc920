/**
 * What a model is trained on: JSON lines, each a conversation that ends with what the model is to say
 * (`messages`), or a `prompt` with its `completion`.
 */
export type ReadDataset =
  | { readonly kind: 'read'; readonly records: number }
  | { readonly kind: 'refused'; readonly why: string };

const RECORDS_MAX = 200_000;
const ROLES: readonly unknown[] = ['system', 'user', 'assistant'];

export function readDataset(text: string): ReadDataset {
  let records = 0;
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const why = mistakeIn(line);
    if (why !== null) return refused(`line ${at + 1} of the dataset ${why}`);
    records += 1;
    if (records > RECORDS_MAX) return refused(`the dataset has more than ${RECORDS_MAX} records`);
  }
  return records === 0 ? refused('the dataset is empty') : { kind: 'read', records };
}

const refused = (why: string): ReadDataset => ({ kind: 'refused', why });

function mistakeIn(line: string): string | null {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return 'is no JSON';
  }
  const { messages, prompt, completion } = Object(record) as Readonly<Record<string, unknown>>;
  if (messages === undefined) {
    const isPair = [prompt, completion].every((text) => typeof text === 'string' && text !== '');
    return isPair ? null : 'has neither messages nor a prompt with its completion';
  }
  if (!Array.isArray(messages) || messages.length === 0) return 'has no list of messages';
  for (const message of messages as unknown[]) {
    const { role, content } = Object(message) as Readonly<Record<string, unknown>>;
    if (!ROLES.includes(role)) return 'has a message that is of nobody: system, user, assistant';
    if (typeof content !== 'string') return 'has a message without text';
  }
  const { role } = messages.at(-1) as { readonly role: unknown };
  return role === 'assistant' ? null : 'does not end with what the model is to say (assistant)';
}
