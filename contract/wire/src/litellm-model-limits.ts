import { Type } from 'typebox';

import { orNull, textOrNull } from './schemas.ts';

const optional = Type.Optional;
const dollars = Type.Number({ minimum: 0, maximum: 1_000_000_000 });
const perMinute = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000 });
const duration = Type.String({ maxLength: 20 });

const modelBudget = Type.Object({
  budget_limit: optional(dollars),
  time_period: optional(orNull(duration)),
  /** The same in the words of other budgets. */
  max_budget: optional(dollars),
  budget_duration: optional(orNull(duration)),
});

/** Of single models. Each replaces what it said before: a model that it no longer names is lifted. */
export const litellmModelLimits = {
  model_max_budget: optional(orNull(Type.Record(Type.String(), modelBudget))),
  model_rpm_limit: optional(orNull(Type.Record(Type.String(), perMinute))),
  model_tpm_limit: optional(orNull(Type.Record(Type.String(), perMinute))),
};

export const shownModelLimits = {
  model_max_budget: Type.Record(
    Type.String(),
    Type.Object({ budget_limit: Type.Number(), time_period: textOrNull }),
  ),
  model_rpm_limit: Type.Record(Type.String(), Type.Integer()),
  model_tpm_limit: Type.Record(Type.String(), Type.Integer()),
};
