import type { IncomingHttpHeaders } from 'node:http';

const LENGTH_MAX = 200;
const CONTROL = /\p{Cc}/gu;

/**
 * For whom of its own the caller makes a call: `user`, Anthropic's `metadata.user_id`, or a header for
 * bodies that have neither. Null: it does not say.
 */
export function readEndUser(headers: IncomingHttpHeaders, body: unknown): string | null {
  const told =
    headers['x-sagewai-end-user'] ??
    headers['x-litellm-customer-id'] ??
    headers['x-litellm-end-user-id'];
  if (typeof told === 'string' && told !== '') return plain(told);
  if (typeof body !== 'object' || body === null) return null;
  const { user, metadata } = body as { user?: unknown; metadata?: { user_id?: unknown } | null };
  const named = user ?? (typeof metadata === 'object' ? metadata?.user_id : undefined);
  return typeof named === 'string' && named !== '' ? plain(named) : null;
}

/** The database takes no NUL. */
const plain = (name: string): string => name.slice(0, LENGTH_MAX).replaceAll(CONTROL, '\ufffd');
