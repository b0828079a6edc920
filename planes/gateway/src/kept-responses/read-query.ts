import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';

export function rawQueryOf({ request }: StreamInput): string {
  const start = request.url.indexOf('?');
  return start === -1 ? '' : request.url.slice(start);
}

export function wantsStream(input: StreamInput): boolean {
  const stream = new URLSearchParams(rawQueryOf(input)).get('stream');
  return stream !== null && stream !== 'false';
}

/** What is listed is not streamed. */
export function queryOf(input: StreamInput): string {
  if (!wantsStream(input)) return rawQueryOf(input);
  throw wasNotInBackground('query', '/stream');
}

/** What was streamed once is not kept as a stream; what was waited for is over. */
export function wasNotInBackground(part: 'query' | 'params', path: string): Fault {
  const message = 'is for responses that are made in the background';
  return new Fault('request.invalid', 'a response that was not made in the background', {
    detail: `${part}${path} ${message}.`,
    mistakes: [{ part, path, message }],
  });
}
