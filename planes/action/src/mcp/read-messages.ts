import { BadMcp } from './mcp-connection.ts';
import { record } from './message.ts';

type Message = Readonly<Record<string, unknown>>;

/** The JSON-RPC messages of an answer, as they arrive; `spend` is told of every byte. */
export async function* readMessages(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  spend: (bytes: number) => void,
): AsyncGenerator<Message> {
  const isStream = contentType.startsWith('text/event-stream');
  const decoder = new TextDecoder('utf-8');
  let text = '';
  for await (const piece of body) {
    spend(piece.length);
    text += decoder.decode(piece, { stream: true });
    if (!isStream) continue;
    const events = text.split(/\r?\n\r?\n|\r\r/);
    text = events.pop() ?? '';
    for (const event of events) yield* messageOf(event);
  }
  if (isStream) yield* messageOf(text);
  else if (text.trim() !== '' && /\bjson\b/.test(contentType)) yield parse(text);
}

function* messageOf(event: string): Generator<Message> {
  const data = event
    .split(/\r?\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).replace(/^ /, ''));
  if (data.join('').trim() !== '') yield parse(data.join('\n'));
}

function parse(text: string): Message {
  try {
    return record(JSON.parse(text));
  } catch {
    throw new BadMcp('the server answers what is no JSON');
  }
}
