import type { IncomingHttpHeaders } from 'node:http';

/** `opaque`: a recording, or a text: nothing in it is for us. */
export type AnswerKind = 'whole' | 'stream' | 'opaque' | 'garbage';

/** Some servers answer a stream with one object, which every client can read; never the other way. */
export function readKind(
  { status, headers }: { readonly status: number; readonly headers: IncomingHttpHeaders },
  wantsStream: boolean,
  otherAnswers?: RegExp,
): AnswerKind {
  const encoding = headers['content-encoding'] ?? 'identity';
  const type = String(headers['content-type'] ?? 'application/json');
  if (status !== 200 || encoding !== 'identity') return 'garbage';
  if (/^application\/([a-z.+-]*\+)?json\b/i.test(type)) return 'whole';
  if (otherAnswers?.test(type) === true) return 'opaque';
  return wantsStream && /^text\/event-stream\b/i.test(type) ? 'stream' : 'garbage';
}
