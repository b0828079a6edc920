import type { OutgoingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';

import type { Guardrail, Match } from './guardrail.ts';
import { joined } from './matches.ts';

export type Phase = 'pre' | 'post';

/** What a guardrail did about something that it found; of the text, nothing (W5). */
export interface Deed {
  readonly guardrail: Guardrail;
  readonly phase: Phase;
  readonly did: 'blocked' | 'redacted' | 'flagged';
  /** What it was, or why it could not be looked at. */
  readonly what: string;
}

export interface Looked {
  /** To be redacted. */
  readonly matches: readonly Match[];
  readonly deeds: readonly Deed[];
  /** Undefined: it may pass. */
  readonly blocked: Deed | undefined;
}

const NOTHING: Looked = { matches: [], deeds: [], blocked: undefined };

/** What these rules say of one text. Rules that ask others are not asked. */
export function look(text: string, guardrails: readonly Guardrail[], phase: Phase): Looked {
  let matches: Match[] | undefined;
  let deeds: Deed[] | undefined;
  for (const guardrail of guardrails) {
    const found = guardrail.find?.(text);
    if (found === undefined || found.length === 0) continue;
    deeds ??= [];
    const { action } = guardrail;
    for (const { what } of found) {
      const did = action === 'block' ? 'blocked' : action === 'redact' ? 'redacted' : 'flagged';
      const deed: Deed = { guardrail, phase, did, what };
      deeds.push(deed);
      if (did === 'blocked') return { matches: [], deeds, blocked: deed };
    }
    if (action === 'redact') (matches ??= []).push(...found);
  }
  if (deeds === undefined) return NOTHING;
  return { matches: matches === undefined ? [] : joined(matches), deeds, blocked: undefined };
}

/** What becomes of parts that nobody can read here. */
export function lookAtOpaque(
  opaque: readonly string[],
  guardrails: readonly Guardrail[],
  phase: Phase,
): Deed | undefined {
  const [first] = opaque;
  if (first === undefined) return undefined;
  const guardrail = guardrails.find(({ uninspectable }) => uninspectable === 'block');
  return guardrail && { guardrail, phase, did: 'blocked', what: `UNINSPECTABLE:${first}` };
}

/** In words that tell the rule, and nothing of the text. `answer`: the head of the one that may not pass. */
export function isBlocked(
  { guardrail, phase, what }: Deed,
  answer: OutgoingHttpHeaders = {},
): Fault {
  const opaque = /^UNINSPECTABLE:(.*)$/.exec(what)?.[1];
  const found = opaque === undefined ? `found ${what}` : `cannot look into \`${opaque}\``;
  const detail =
    phase === 'pre'
      ? `The guardrail ${guardrail.name} blocked this request: it ${found}. No model was asked.`
      : `The guardrail ${guardrail.name} blocked this answer: it ${found}.${priceOf(answer)}`;
  return new Fault('guardrail.blocked', `guardrail ${guardrail.name}: ${what} (${phase})`, {
    detail,
  });
}

/** What was kept, and what a provider is only asked to tell again, costs nothing. */
function priceOf(answer: OutgoingHttpHeaders): string {
  if (answer['x-sagewai-cache'] === 'hit')
    return ' It was kept of an earlier call, and costs nothing.';
  const isCall = answer['x-litellm-call-id'] !== undefined;
  return isCall ? ' The model was asked, and the call is charged.' : '';
}
