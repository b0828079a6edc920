import { isUtf8 } from 'node:buffer';

export type ReadBody =
  | { readonly kind: 'read'; readonly body: unknown }
  | { readonly kind: 'malformed'; readonly why: string };

/** JSON, or a form whose field `payload` may hold JSON, as GitHub and Slack send it. */
export function readWebhookBody(raw: Buffer, contentType: string | undefined): ReadBody {
  if (!isUtf8(raw)) return { kind: 'malformed', why: 'The body is not UTF-8.' };
  const text = raw.toString('utf8');
  if (contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true) {
    const fields = Object.fromEntries(new URLSearchParams(text));
    const inside = fields['payload'] === undefined ? undefined : parse(fields['payload']);
    return { kind: 'read', body: inside ?? fields };
  }
  const body = parse(text);
  return body === undefined
    ? { kind: 'malformed', why: 'The body is not JSON.' }
    : { kind: 'read', body };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
