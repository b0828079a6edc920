import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import { getGuardrail, listGuardrails, testGuardrail } from '@sagewai/wire';

import type { KnownGuardrails } from './guard-route.ts';
import { fileToWire, storedToWire } from './guardrail-to-wire.ts';
import type { Guardrail } from './guardrail.ts';
import { redact } from './matches.ts';
import { findStoredGuardrail, listStoredGuardrails } from './stored-guardrails.sql.ts';
import { look } from './verdict.ts';

export function guardrailRoutes(of: {
  readonly guardrails: KnownGuardrails;
  readonly fromFile: () => readonly Guardrail[];
}): Route[] {
  return [
    implement(listGuardrails, async ({ tx, orgId, caller }) => {
      const bound = boundProject(caller);
      const stored = await listStoredGuardrails(tx, orgId);
      const seen = stored.filter(
        ({ projectId }) => bound === null || projectId === null || projectId === bound,
      );
      return { guardrails: [...of.fromFile().map(fileToWire), ...seen.map(storedToWire)] };
    }),

    implement(getGuardrail, async ({ tx, orgId, caller, params }) => {
      const bound = boundProject(caller);
      const stored = await findStoredGuardrail(tx, orgId, params.guardrail_id);
      const isSeen = bound === null || (stored?.projectId ?? bound) === bound;
      return storedToWire(found(isSeen ? stored : null, 'There is no such guardrail.'));
    }),

    implement(testGuardrail, async ({ body, caller }) => {
      const all = await of.guardrails(caller);
      const guardrail = found(
        all.find(({ name }) => name === body.name) ?? null,
        `There is no guardrail ${body.name}.`,
      );
      const { find, name } = guardrail;
      if (find === null) {
        throw new Fault('request.invalid', 'a webhook is not tested by us', {
          detail: `The guardrail ${name} asks a webhook: POST /guardrails/apply_guardrail asks it.`,
        });
      }
      const matches = find(body.text);
      const { matches: redacted, blocked } = look(body.text, [guardrail], 'pre');
      const verdict =
        matches.length === 0 ? ('pass' as const) : blocked ? ('block' as const) : guardrail.action;
      return {
        verdict,
        found: matches.map(({ start, end, what }) => ({ start, end, what })),
        text: verdict === 'redact' ? redact(body.text, redacted) : null,
      };
    }),
  ];
}
