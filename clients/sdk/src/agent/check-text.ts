import type { Guardrail } from './agent-config.ts';

export type Checked =
  | { readonly kind: 'passed'; readonly text: string }
  | { readonly kind: 'blocked'; readonly reason: string };

/** Puts a text to the guardrails of a stage, one after the other; each sees what the one before has made of it. */
export async function checkText(
  guardrails: readonly Guardrail[] | undefined,
  stage: Guardrail['stage'],
  text: string,
  about: { readonly agent: string; readonly tool: string | null },
): Promise<Checked> {
  let seen = text;
  for (const guardrail of guardrails ?? []) {
    if (guardrail.stage !== stage) continue;
    const verdict = await guardrail.check(seen, about);
    if (verdict.kind === 'block') {
      return { kind: 'blocked', reason: `${guardrail.name}: ${verdict.reason}` };
    }
    if (verdict.kind === 'replace') seen = verdict.text;
  }
  return { kind: 'passed', text: seen };
}
