import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { balance } from './ledger.ts';
import { id } from './schemas.ts';

const count = Type.Integer({ minimum: 0 });
const usd = Type.String();
const difference = Type.Object({ told: Type.String(), derived: Type.String() });

export const verifyLedger = endpoint({
  id: 'ledger.verifyLedger',
  method: 'GET',
  path: '/api/v1/spend/verification',
  surface: 'own',
  summary: 'Compare balances and sums of the ledger with the rows that they stand for',
  permission: 'spend:read',
  audit: 'read',
  output: Type.Object({
    is_right: Type.Boolean(),
    rows: count,
    /** False: there are more rows than are read for an answer; only balances were compared. */
    sums_compared: Type.Boolean(),
    /** Money in US dollars; of other measures, whole numbers. */
    balances: Type.Array(
      Type.Object({
        scope_kind: Type.String(),
        scope_id: Type.String(),
        measure: balance.properties.measure,
        period: balance.properties.period,
        settled: difference,
        reserved: difference,
      }),
    ),
    sums: Type.Array(
      Type.Object({
        kind: Type.Union([Type.Literal('call'), Type.Literal('session'), Type.Literal('tag')]),
        day: Type.String({ format: 'date' }),
        name: Type.String(),
        calls: difference,
        cost_usd: difference,
        tokens: difference,
      }),
    ),
    entries: Type.Object({
      settled: Type.Object({ calls: count, usd }),
      /** Nobody settled them: booked in full, as what they cost is not known. */
      expired: Type.Object({ calls: count, usd, ids: Type.Array(id) }),
      /** Of the expired, those whose cost came later after all; the difference. */
      corrected: Type.Object({ calls: count, usd }),
      /** Under way: held until their time is over. */
      reserved: Type.Object({ calls: count, usd }),
      /** Out with replicas, of budgets of money; a dollar counts in each budget above a call. */
      in_shares: Type.Object({ shares: count, usd }),
      lost_shares: Type.Object({ shares: count, usd }),
    }),
  }),
});
