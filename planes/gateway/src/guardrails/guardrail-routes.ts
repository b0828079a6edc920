import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { listGuardrails, testGuardrail } from '@sagewai/wire';

import type { Guardrail } from './guardrail.ts';
import { redact } from './matches.ts';
import { look } from './verdict.ts';

export function guardrailRoutes(of: { readonly guardrails: () => readonly Guardrail[] }): Route[] {
  return [
    implement(listGuardrails, async () => ({
      guardrails: of.guardrails().map((each) => ({
        name: each.name,
        kind: each.kind,
        action: each.action,
        before: each.before,
        after: each.after,
        default_on: each.isDefault,
        projects: [...each.projects],
        uninspectable: each.uninspectable,
        looks_for: [...each.looksFor],
      })),
    })),

    implement(testGuardrail, async ({ body }) => {
      const guardrail = found(
        of.guardrails().find(({ name }) => name === body.name) ?? null,
        `There is no guardrail ${body.name}.`,
      );
      const { find, name } = guardrail;
      if (find === null) {
        throw new Fault('request.invalid', 'a webhook is not tested by us', {
          detail: `The guardrail ${name} asks a webhook: test it where it runs.`,
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
