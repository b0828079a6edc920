import { isMap, isScalar, isSeq } from 'yaml';

import { namesOf, type Section } from './section.ts';

/**
 * Settings that hold money or calls back, and that are not kept from a file here. A note would let a server
 * start without them; so the file is refused until somebody has taken them out, knowing it.
 */
const GUARDS: Readonly<Record<'router' | 'litellm' | 'general' | 'entry', readonly string[]>> = {
  router: ['provider_budget_config'],
  litellm: [
    'max_budget',
    'max_end_user_budget',
    'max_end_user_budget_id',
    'max_internal_user_budget',
    'default_key_generate_params',
    'upperbound_key_generate_params',
    'tag_budget_config',
    'guardrails',
  ],
  general: ['allowed_ips', 'enforced_params'],
  entry: ['litellm_params.max_budget'],
};

/** Where there is something that does the same. */
const INSTEAD: Readonly<Record<string, string>> = {
  max_end_user_budget:
    'set it once with `sagewai budgets set organization --each end_user --usd-in-total N`',
  max_end_user_budget_id:
    'set it once with `sagewai budgets set organization --each end_user --usd-in-total N`',
  tag_budget_config: 'give each tag its budget with POST /tag/new',
  enforced_params: 'give them to keys or teams, as metadata.enforced_params',
};

/** Of `callbacks`: those that look at what is asked and may refuse it. The others only tell. */
const LOOKING =
  /presidio|guard|moderation|lakera|aporia|aim$|hide_secrets|prompt_injection|banned_keywords|blocked_user|content_safety/;

export function refuseGuards(section: Section, of: keyof typeof GUARDS): void {
  for (const path of GUARDS[of]) {
    const node = section.has(path) ? section.node(path) : undefined;
    if (node === undefined || saysNothing(node)) continue;
    const instead = INSTEAD[path] ?? 'set a budget, a limit or a guardrail of ours in its place';
    const what = `is not kept from a file here; ${instead}, and take it out`;
    section.mistake(path, what);
  }
  if (of !== 'litellm' || !section.has('callbacks')) return;
  const node = section.node('callbacks');
  const named = (node && namesOf(node)) ?? [section.text('callbacks') ?? ''];
  if (named.some((name) => LOOKING.test(name))) {
    section.mistake('callbacks', 'names one that guards calls: say it under guardrails');
  } else {
    section.notice('callbacks', 'is not used here');
  }
}

const saysNothing = (node: unknown): boolean =>
  isMap(node) || isSeq(node) ? node.items.length === 0 : isScalar(node) && !node.value;
