import { Type } from 'typebox';

import { orNull } from './schemas.ts';

const optional = Type.Optional;
export const litellmDollars = Type.Number({ minimum: 0, maximum: 1_000_000_000 });
const perMinute = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000 });
const duration = Type.String({ maxLength: 20 });

/** Money and rates in windows; null lifts a limit, what is left out stays. */
export const litellmWindows = {
  max_budget: optional(orNull(litellmDollars)),
  /** `1h`, `24h`, `7d` or `30d`; null: the budget never resets. */
  budget_duration: optional(orNull(duration)),
  budget_limits: optional(
    orNull(
      Type.Array(Type.Object({ budget_duration: duration, max_budget: litellmDollars }), {
        maxItems: 5,
      }),
    ),
  ),
  tpm_limit: optional(orNull(perMinute)),
  rpm_limit: optional(orNull(perMinute)),
};
