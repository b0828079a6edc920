import { implement, type Route } from '@sagewai/http';
import { createGuardrail, deleteGuardrail, type OutputOf, updateGuardrail } from '@sagewai/wire';

import { storedToWire } from './guardrail-to-wire.ts';
import { guardrailDetails, type GuardrailStore } from './store-guardrail.ts';

/** Guardrails that are made while servers run. */
export function storedGuardrailRoutes(store: GuardrailStore): Route[] {
  return [
    implement(createGuardrail, async ({ body, audit, ...reach }) => {
      const row = await store.create(reach, body);
      audit.about(`guardrail:${row.id}`, guardrailDetails(row));
      return storedToWire(row);
    }),

    implement(updateGuardrail, async ({ params, body, audit, ...reach }) => {
      const of = { id: params.guardrail_id, leftOut: 'stays' } as const;
      const row = await store.change(reach, of, body);
      audit.about(`guardrail:${row.id}`, guardrailDetails(row));
      return storedToWire(row);
    }),

    implement(
      deleteGuardrail,
      async ({ params, audit, ...reach }): Promise<OutputOf<typeof deleteGuardrail>> => {
        const row = await store.drop(reach, params.guardrail_id);
        audit.about(`guardrail:${row.id}`, guardrailDetails(row));
        return { status: 'ok' };
      },
    ),
  ];
}
