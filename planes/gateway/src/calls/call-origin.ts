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

function nameOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, LENGTH_MAX) : null;
}
