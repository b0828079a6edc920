import { newId } from '@sagewai/crypto';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import {
  applyGuardrail,
  listLitellmGuardrails,
  listLitellmGuardrailsV2,
  type OrganizationId,
  type OutputOf,
} from '@sagewai/wire';

import type { Post } from './ask-hook.ts';
import { checkTexts } from './check-texts.ts';
import type { KnownGuardrails } from './guard-route.ts';
import type { Guardrail } from './guardrail.ts';
import { fileToLitellm, storedToLitellm } from './show-litellm-guardrail.ts';
import { listStoredGuardrails } from './stored-guardrails.sql.ts';
import { isBlocked } from './verdict.ts';

type Listed = OutputOf<typeof listLitellmGuardrails>;

/** As LiteLLM's clients ask for them: what calls with this credential may name. */
export function litellmGuardrailRoutes(of: {
  readonly guardrails: KnownGuardrails;
  readonly fromFile: () => readonly Guardrail[];
  readonly post: Post;
  readonly now: () => Date;
}): Route[] {
  const list = async ({
    tx,
    orgId,
    caller,
  }: {
    readonly tx: Tx;
    readonly orgId: OrganizationId;
    readonly caller: Caller;
  }): Promise<Listed> => {
    const { projectId } = caller;
    const stored = (await listStoredGuardrails(tx, orgId)).filter(
      (each) => each.projectId === null || projectId === null || each.projectId === projectId,
    );
    return { guardrails: [...of.fromFile().map(fileToLitellm), ...stored.map(storedToLitellm)] };
  };
  return [
    implement(listLitellmGuardrails, list),
    implement(listLitellmGuardrailsV2, list),
    implement(applyGuardrail, async ({ body, caller, request }) => {
      const all = await of.guardrails(caller);
      const { guardrail_name: name, text } = body;
      const guardrail = found(
        all.find((each) => each.name === name) ?? null,
        `There is no guardrail ${name}.`,
      );
      const call = {
        request_id: request.id,
        organization_id: caller.orgId,
        project_id: caller.projectId,
        caller: `${caller.kind}:${caller.id}`,
        model: null,
        format: null,
      };
      const { texts, blocked } = await checkTexts([text], {
        guardrails: [guardrail],
        phase: guardrail.before ? 'pre' : 'post',
        asking: { id: newId(), at: of.now(), call },
        post: of.post,
      });
      if (blocked !== undefined) throw isBlocked(blocked);
      return { response_text: texts[0] ?? '' };
    }),
  ];
}
