import { Fault } from '@sagewai/fault';
import { implement, type Route } from '@sagewai/http';
import {
  createLitellmGuardrail,
  deleteLitellmGuardrail,
  readLitellmGuardrailInfo,
  updateLitellmGuardrail,
} from '@sagewai/wire';

import { readLitellmGuardrail } from './read-litellm-guardrail.ts';
import { storedToLitellm } from './show-litellm-guardrail.ts';
import { guardrailDetails, type GuardrailStore } from './store-guardrail.ts';

/** `/guardrails` in LiteLLM's words, over those of `/api/v1/guardrails`. */
export function litellmGuardrailWriteRoutes(store: GuardrailStore): Route[] {
  return [
    implement(createLitellmGuardrail, async ({ body, audit, ...reach }) => {
      const row = await store.create(reach, readLitellmGuardrail(body.guardrail));
      audit.about(`guardrail:${row.id}`, guardrailDetails(row));
      return storedToLitellm(row);
    }),

    implement(updateLitellmGuardrail, async ({ params, body, audit, ...reach }) => {
      const { name, kind, project: _, ...change } = readLitellmGuardrail(body.guardrail);
      const before = await store.find(reach, params.guardrail_id);
      if (before.name !== name || before.kind !== kind) {
        throw new Fault('state.conflict', 'a guardrail keeps its name and its kind', {
          detail: `It is the guardrail ${before.name} of kind ${before.kind}: keys name it. Make another one.`,
        });
      }
      const row = await store.change(reach, { id: before.id, leftOut: 'default' }, change);
      audit.about(`guardrail:${row.id}`, guardrailDetails(row));
      return storedToLitellm(row);
    }),

    implement(deleteLitellmGuardrail, async ({ params, audit, ...reach }) => {
      const row = await store.drop(reach, params.guardrail_id);
      audit.about(`guardrail:${row.id}`, guardrailDetails(row));
      return {
        message: `Deleted the guardrail ${row.name}.`,
        guardrail_id: row.id,
        guardrail_name: row.name,
      };
    }),

    implement(readLitellmGuardrailInfo, async ({ params, ...reach }) =>
      storedToLitellm(await store.find(reach, params.guardrail_id)),
    ),
  ];
}
