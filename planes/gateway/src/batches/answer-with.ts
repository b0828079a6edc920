import { SAFETY_HEADERS, type StreamInput } from '@sagewai/http';

export function answerWith({ reply }: StreamInput, body: object): void {
  if (reply.destroyed) return;
  const text = JSON.stringify(body);
  reply.writeHead(200, {
    ...SAFETY_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  reply.end(text);
}

/** `items` has one more than the page where there are more. */
export function pageOf(items: readonly { readonly id?: unknown }[], limit: number): object {
  const data = items.slice(0, limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: items.length > limit,
  };
}
