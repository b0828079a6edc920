import { type Asking, askHook, type Post } from './ask-hook.ts';
import type { Guardrail } from './guardrail.ts';
import { redact } from './matches.ts';
import { type Deed, look, type Phase } from './verdict.ts';

export interface Checked {
  /** As they may pass, in their order. */
  readonly texts: readonly string[];
  readonly deeds: readonly Deed[];
  readonly blocked: Deed | undefined;
}

export interface Checking {
  readonly guardrails: readonly Guardrail[];
  readonly phase: Phase;
  readonly asking: Omit<Asking, 'phase'>;
  readonly post: Post;
}

/** Whole texts: first what is found here, then whoever else is asked, with what is left of them. */
export async function checkTexts(
  texts: readonly string[],
  { guardrails, phase, asking, post }: Checking,
): Promise<Checked> {
  const deeds: Deed[] = [];
  let left: readonly string[] = texts;
  const checked: string[] = [];
  for (const text of texts) {
    const looked = look(text, guardrails, phase);
    deeds.push(...looked.deeds);
    if (looked.blocked !== undefined) return { texts, deeds, blocked: looked.blocked };
    checked.push(looked.matches.length === 0 ? text : redact(text, looked.matches));
  }
  left = checked;
  for (const guardrail of guardrails) {
    if (guardrail.hook === null || left.length === 0) continue;
    const of = { asking: { ...asking, phase }, post };
    const answer = await askHook(guardrail, guardrail.hook, left, of);
    if (answer.kind === 'allow') continue;
    if (guardrail.action === 'flag') {
      deeds.push({ guardrail, phase, did: 'flagged', what: 'WEBHOOK' });
      continue;
    }
    if (answer.kind === 'block') {
      const blocked: Deed = { guardrail, phase, did: 'blocked', what: 'WEBHOOK' };
      return { texts, deeds: [...deeds, blocked], blocked };
    }
    deeds.push({ guardrail, phase, did: 'redacted', what: 'WEBHOOK' });
    left = answer.texts;
  }
  return { texts: left, deeds, blocked: undefined };
}
