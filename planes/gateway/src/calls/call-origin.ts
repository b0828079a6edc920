import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';

/** Who of a caller's own a call is for; the ledger's spend says it. */
export interface CallOrigin {
  readonly sessionId: string | null;
  readonly agent: string | null;
}

const LENGTH_MAX = 200;

/** Claude Code and Codex (`session-id`) name them themselves; others may, by names of ours. */
export function readOrigin(headers: IncomingHttpHeaders): CallOrigin {
  return {
    sessionId: nameOf(
      headers['x-sagewai-session-id'] ??
        headers['x-claude-code-session-id'] ??
        headers['session-id'],
    ),
    agent: nameOf(headers['x-sagewai-agent'] ?? headers['x-claude-code-agent-id']),
  };
}

const TAGS_MAX = 20;
const TAG_LENGTH_MAX = 100;
const CONTROL = /\p{Cc}/gu;

/** Those of the key, and those that the call names: `x-sagewai-tags: a, b`. */
export function tagsOf(ofKey: readonly string[], headers: IncomingHttpHeaders): readonly string[] {
  const told = headers['x-sagewai-tags'] ?? headers['x-litellm-tags'];
  if (typeof told !== 'string' || told === '') return ofKey;
  const named = (PLAIN.test(told) ? told : decoded(told))
    .split(',', TAGS_MAX)
    .map((tag) => tag.trim().slice(0, TAG_LENGTH_MAX).toWellFormed().replaceAll(CONTROL, '\ufffd'))
    .filter((tag) => tag !== '');
  return [...new Set([...ofKey, ...named])];
}

function nameOf(value: string | string[] | undefined): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return (PLAIN.test(value) ? value : decoded(value)).slice(0, LENGTH_MAX);
}

const PLAIN = /^[\x20-\x7e]*$/;

/** Node reads a header byte by byte; what clients mean by the bytes is UTF-8. */
function decoded(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}
