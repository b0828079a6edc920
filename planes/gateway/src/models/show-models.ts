import type { IncomingHttpHeaders } from 'node:http';

import type { getModel, listModels, OutputOf } from '@sagewai/wire';

import { traitsOf } from '../providers/provider.ts';
import type { ModelGroup } from './model-table.ts';

type OpenAiModel = Extract<OutputOf<typeof getModel>, { object: string }>;
type AnthropicModel = Extract<OutputOf<typeof getModel>, { type: string }>;
type AnthropicPage = Extract<OutputOf<typeof listModels>, { has_more: boolean }>;

// Providers that tell when a model was made are few, and a made-up date would be worse than none.
const UNKNOWN_INSTANT = 0;
const UNKNOWN_DATE = new Date(UNKNOWN_INSTANT).toISOString();
const PAGE_MAX = 1_000;

/** Both kinds of client ask at one path: only their headers tell which of them it is. */
export function asksAsAnthropic(headers: IncomingHttpHeaders): boolean {
  if (headers['anthropic-version'] !== undefined) return true;
  return headers['x-api-key'] !== undefined && headers.authorization === undefined;
}

export function toOpenAiModel({ model, deployments: [first] }: ModelGroup): OpenAiModel {
  const ownedBy = first ? traitsOf(first.endpoint.provider).ownedBy : 'sagewai';
  return { id: model, object: 'model', created: UNKNOWN_INSTANT, owned_by: ownedBy };
}

export function toAnthropicModel(group: ModelGroup): AnthropicModel {
  return {
    type: 'model',
    id: group.model,
    display_name: group.model,
    created_at: UNKNOWN_DATE,
    max_input_tokens: group.contextTokensMax ?? null,
    max_tokens: group.outputTokensMax ?? null,
  };
}

interface Page {
  readonly limit?: number;
  readonly after_id?: string;
  readonly before_id?: string;
}

/** A name that is not there begins at the beginning, or ends at the end. */
export function toAnthropicPage(groups: readonly ModelGroup[], page: Page): AnthropicPage {
  const limit = page.limit ?? PAGE_MAX;
  const at = (name: string | undefined): number => groups.findIndex(({ model }) => model === name);
  const before = at(page.before_id);
  const start = before === -1 ? at(page.after_id) + 1 : Math.max(0, before - limit);
  const end = before === -1 ? start + limit : before;
  const shown = groups.slice(start, end);
  return {
    data: shown.map(toAnthropicModel),
    has_more: before === -1 ? end < groups.length : start > 0,
    first_id: shown[0]?.model ?? null,
    last_id: shown.at(-1)?.model ?? null,
  };
}
