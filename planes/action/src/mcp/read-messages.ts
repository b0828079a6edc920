import { BadMcp } from './mcp-connection.ts';
import { record } from './message.ts';

type Message = Readonly<Record<string, unknown>>;

const END = /\r?\n\r?\n|\r\r/;
/** One character less than the longest end of an event. */
const END_LENGTH_MAX = 3;

/** The JSON-RPC messages of an answer, as they arrive; `spend` is told of every byte. */
export async function* readMessages(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  spend: (bytes: number) => void,
): AsyncGenerator<Message> {
  const isStream = contentType.startsWith('text/event-stream');
  const decoder = new TextDecoder('utf-8');
  let pieces: string[] = [];
  // Only where a piece meets what came before can an event end: what was looked at is not looked at again.
  let tail = '';
  for await (const piece of body) {
    spend(piece.length);
    const more = decoder.decode(piece, { stream: true });
    pieces.push(more);
    const seam = tail + more;
    tail = seam.slice(-END_LENGTH_MAX);
    if (!isStream || !END.test(seam)) continue;
    const events = pieces.join('').split(END);
    pieces = [events.pop() ?? ''];
    tail = pieces.join('').slice(-END_LENGTH_MAX);
    for (const event of events) yield* messageOf(event);
  }
  const text = pieces.join('');
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
