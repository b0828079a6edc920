import { partOf, type Refusal } from '@sagewai/ledger';

const FACET_WORDS = {
  model: 'the model',
  session: 'the session',
  agent: 'the agent',
  tag: 'the tag',
  end_user: 'the end user',
} as const;

/** What a refusal is of: “this key”, or “the model gpt-4o of this key”, whose windows are told as well. */
export function nameLimited(
  scope: Refusal['scope'],
  { period, retryAfterMs }: Pick<Refusal, 'period' | 'retryAfterMs'>,
): { readonly name: string; readonly until: string } {
  const part = partOf(scope.kind, scope.id);
  if (part === null) return { name: `this ${scope.kind}`, until: '' };
  const seconds = retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1_000);
  const again = seconds === null ? '' : `, which resets in ${seconds} s`;
  return {
    name: `${FACET_WORDS[part.facet]} ${part.name} of this ${part.scopeKind}`,
    until: period === 'total' ? '; it never resets' : `; a ${period}’s budget${again}`,
  };
}
