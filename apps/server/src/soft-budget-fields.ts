import { field } from '@sagewai/config';

export const softBudgetFields = {
  SOFT_BUDGET_REFRESH: field.duration({
    default: 1_000,
    min: 50,
    description: 'How old what is known of an agent’s spend may be before it is read again',
  }),
  SOFT_BUDGET_AGE_MAX: field.duration({
    default: 5_000,
    min: 100,
    description: 'The same, after which a call of a project with soft limits waits for it',
  }),
  SOFT_BUDGET_ON_FAILURE: field.oneOf(['open', 'closed'], {
    default: 'open',
    description: 'Whether calls pass while soft limits cannot be read; hard limits always refuse',
  }),
  HARD_BUDGET_MARGIN: field.integer({
    default: 20,
    min: 0,
    max: 1_000,
    description: 'How many percent above a soft limit the hard one is that is advised',
  }),
} as const;
