/** `/budget/*` as LiteLLM speaks it: limits under a name, that keys, teams, users, customers and tags share. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { litellmWindows } from './litellm-windows.ts';
import { instant, instantOrNull, orNull, textOrNull } from './schemas.ts';

const optional = Type.Optional;
export const budgetRef = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^(?! )[^\\u0000-\\u001f\\u007f-\\u009f]+(?<! )$',
});

const shownLimits = {
  max_budget: orNull(Type.Number()),
  budget_duration: textOrNull,
  budget_limits: Type.Array(
    Type.Object({ budget_duration: textOrNull, max_budget: Type.Number() }),
  ),
  tpm_limit: orNull(Type.Integer()),
  rpm_limit: orNull(Type.Integer()),
  /** Not of a budget here, and so never anything else. */
  soft_budget: Type.Null(),
  max_parallel_requests: Type.Null(),
  model_max_budget: Type.Null(),
};

const budget = Type.Object({
  budget_id: Type.String(),
  ...shownLimits,
  created_by: Type.String(),
  created_at: instant,
  updated_by: textOrNull,
  updated_at: instantOrNull,
});

/** The limits of one who has them, in the place where LiteLLM's answers have a row of its table of budgets. */
export const heldBudget = Type.Object({
  /** Null: the limits are its own. */
  budget_id: textOrNull,
  ...shownLimits,
  budget_reset_at: instantOrNull,
});

const writing = {
  method: 'POST',
  surface: 'litellm',
  permission: 'budget:write',
  audit: 'record',
} as const;
const reading = { surface: 'litellm', permission: 'team:read', audit: 'read' } as const;

export const createNamedBudget = endpoint({
  ...writing,
  id: 'litellm.createBudget',
  path: '/budget/new',
  summary: 'Make limits under a name; whoever is given it has them, each by itself',
  body: Type.Object({ ...litellmWindows, budget_id: optional(orNull(budgetRef)) }),
  output: budget,
});

export const updateNamedBudget = endpoint({
  ...writing,
  id: 'litellm.updateBudget',
  path: '/budget/update',
  summary: 'Change limits under a name, for all who have them; what is left out stays',
  body: Type.Object({ ...litellmWindows, budget_id: budgetRef }),
  output: budget,
});

export const deleteNamedBudget = endpoint({
  ...writing,
  id: 'litellm.deleteBudget',
  path: '/budget/delete',
  summary: 'Delete limits under a name that nobody has any more',
  body: Type.Object({ id: budgetRef }),
  output: budget,
});

export const readNamedBudgets = endpoint({
  ...reading,
  id: 'litellm.readBudgets',
  method: 'POST',
  path: '/budget/info',
  summary: 'Read limits under some names',
  body: Type.Object({ budgets: Type.Array(budgetRef, { minItems: 1, maxItems: 100 }) }),
  output: Type.Array(budget),
});

export const listNamedBudgets = endpoint({
  ...reading,
  id: 'litellm.listBudgets',
  method: 'GET',
  path: '/budget/list',
  summary: 'List limits under names, at most a hundred a page',
  query: Type.Object({ page: optional(Type.Integer({ minimum: 1, maximum: 100_000 })) }),
  output: Type.Array(budget),
});

export const LITELLM_BUDGET_ENDPOINTS = [
  createNamedBudget,
  updateNamedBudget,
  deleteNamedBudget,
  readNamedBudgets,
  listNamedBudgets,
] as const;
