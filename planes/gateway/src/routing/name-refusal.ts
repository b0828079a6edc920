import type { FallbackKind } from './fallbacks.ts';

const CONTEXT_CODES = new Set(['context_length_exceeded', 'string_above_max_length']);
const POLICY_CODES = new Set(['content_filter', 'content_policy_violation', 'content_blocked']);

/** The words of those who have no code for it. */
const CONTEXT_WORDS =
  /maximum context length|context window|context length|prompt is too long|input is too long|exceeds? the (?:model'?s )?(?:maximum|available) (?:number of tokens|context)|too many (?:input )?tokens/i;
const POLICY_WORDS =
  /content (?:management )?policy|content filter|responsible ?ai|safety (?:system|policy)/i;

/**
 * Why a provider refuses a request that another model might take; null when any other would refuse it
 * too. What it says about itself counts before what its words look like.
 */
export function nameRefusal(
  status: number,
  body: Buffer,
): Exclude<FallbackKind, 'generic' | 'budget'> | null {
  if (status !== 400 && status !== 413 && status !== 422) return null;
  const { code, type, message } = errorOf(body);
  if (CONTEXT_CODES.has(code) || CONTEXT_CODES.has(type)) return 'context';
  if (POLICY_CODES.has(code) || POLICY_CODES.has(type)) return 'contentPolicy';
  if (CONTEXT_WORDS.test(message)) return 'context';
  return POLICY_WORDS.test(message) ? 'contentPolicy' : null;
}

function errorOf(body: Buffer): { code: string; type: string; message: string } {
  const text = body.toString('utf8', 0, BYTES_READ_MAX);
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    const of = (typeof error === 'object' && error !== null ? error : {}) as Record<
      string,
      unknown
    >;
    const said = typeof error === 'string' ? error : wordOf(of['message']);
    return { code: wordOf(of['code']), type: wordOf(of['type']), message: said };
  } catch {
    return { code: '', type: '', message: '' };
  }
}

const BYTES_READ_MAX = 64 * 1024;

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '');
