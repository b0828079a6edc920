const LF = 0x0a;
const CR = 0x0d;
const DATA = Buffer.from('data:');

/** How long the first event is; 0: its end is not there. */
export function endOfEvent(bytes: Buffer, isEvents: boolean): number {
  if (!isEvents) return bytes.indexOf(LF) + 1;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return 0;
}

/** Where the JSON of an event stands, which has one line of data. */
export function dataSpan(
  event: Buffer,
  isEvents: boolean,
): { readonly start: number; readonly end: number } | undefined {
  if (!isEvents) return { start: 0, end: event.length };
  const isFirst = event.subarray(0, DATA.length).equals(DATA);
  const line = isFirst ? 0 : event.indexOf('\ndata:') + 1;
  if (line === 0 && !isFirst) return undefined;
  if (event.indexOf('\ndata:', line) !== -1) return undefined;
  const start = line + DATA.length;
  const end = event.indexOf(LF, start);
  return { start, end: end === -1 ? event.length : end };
}

export function parseEvent(json: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(json.toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an event that is no JSON has data all the same, which a client may read in its own way. */
export function isUnreadable(event: string, isEvents: boolean): boolean {
  if (!isEvents) return event.trim() !== '';
  const lines = event.split(/\r\n|\r|\n/).filter((line) => /^\uFEFF?data/.test(line));
  return lines.some((line) => !['', '[DONE]'].includes(line.replace(/^\uFEFF?data:?/, '').trim()));
}
