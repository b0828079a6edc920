/** More than this without an end of the event is no event. */
const EVENT_CHARS_MAX = 8_000_000;

const END_OF_LINE = /[\r\n]/;

export interface ServerEvent {
  /** Of this event, or of the last before it that had one. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Server-sent events, one after the other; comments are left out. */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let [id, event] = ['', 'message'];
  let data: string[] = [];
  // Of the event that is being read, whatever its lines are called.
  let chars = 0;
  for await (const bytes of body) {
    const text = decoder.decode(bytes, { stream: true });
    chars += text.length;
    if (chars > EVENT_CHARS_MAX) throw new RangeError('an event of the stream has no end');
    const mayEnd = rest.endsWith('\r') || END_OF_LINE.test(text);
    rest += text;
    // A long line that comes in many pieces is looked through once.
    if (!mayEnd) continue;
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { id, event, data: data.join('\n') };
        [event, data] = ['message', []];
        chars = rest.length;
        continue;
      }
      const [, name, value = ''] = /^(id|event|data):? ?(.*)$/.exec(line) ?? [];
      if (name === 'data') data.push(value);
      else if (name === 'event') event = value;
      else if (name === 'id') id = value;
    }
  }
  // Models' streams end without the empty line now and then; what can be repeated checks its own end.
  if (rest.startsWith('data:')) data.push(rest.slice(5).trim());
  if (data.length > 0) yield { id, event, data: data.join('\n') };
}
