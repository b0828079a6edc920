import { newId, type SealingKeys } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found } from '@sagewai/http';
import { boundProject, chosenProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import type { BodyOf, createGuardrail, OrganizationId, updateGuardrail } from '@sagewai/wire';

import { mistaken, readSpec, specByDefault } from './guardrail-spec.ts';
import type { Guardrail } from './guardrail.ts';
import { sealSecret, type StoredGuardrail } from './stored-guardrail.ts';
import {
  deleteGuardrailOf,
  findStoredGuardrail,
  insertGuardrail,
  listStoredGuardrails,
  replaceGuardrail,
} from './stored-guardrails.sql.ts';

const NO_SUCH = 'There is no such guardrail.';
// All of an organization's are held by every replica that its calls reach.
const GUARDRAILS_MAX = 200;

interface Reach {
  readonly tx: Tx;
  readonly orgId: OrganizationId;
  readonly caller: Caller;
}

/** Guardrails that are made while servers run, whoever's words they are said in. */
export interface GuardrailStore {
  create(reach: Reach, body: BodyOf<typeof createGuardrail>): Promise<StoredGuardrail>;
  /** As the body says. What is left out is as it was, or as it is for a new one. */
  change(
    reach: Reach,
    of: { readonly id: string; readonly leftOut: 'stays' | 'default' },
    body: BodyOf<typeof updateGuardrail>,
  ): Promise<StoredGuardrail>;
  drop(reach: Reach, id: string): Promise<StoredGuardrail>;
  find(reach: Reach, id: string): Promise<StoredGuardrail>;
}

export function createGuardrailStore(of: {
  readonly keys: SealingKeys;
  readonly fromFile: () => readonly Guardrail[];
  /** Throws for an address that may not be called. */
  readonly allow: (url: string) => void;
  readonly forget: () => void;
}): GuardrailStore {
  const { keys, allow, forget } = of;
  const find: GuardrailStore['find'] = async ({ tx, orgId, caller }, id) => {
    const row = found(await findStoredGuardrail(tx, orgId, id), NO_SUCH);
    const bound = boundProject(caller);
    // What is of all projects is not one project's to change.
    return found(bound === null || row.projectId === bound ? row : null, NO_SUCH);
  };
  return {
    find,
    create: async ({ tx, orgId, caller }, body) => {
      const { name, kind } = body;
      const isInFile = of.fromFile().some((each) => each.name.toLowerCase() === name.toLowerCase());
      const projectId = await chosenProject(tx, { orgId, caller, named: body.project });
      if ((await listStoredGuardrails(tx, orgId)).length >= GUARDRAILS_MAX) {
        throw new Fault('state.conflict', 'the organization has too many guardrails', {
          detail: `An organization has at most ${GUARDRAILS_MAX} guardrails.`,
        });
      }
      const spec = readSpec(kind, specByDefault(kind), body);
      if (spec.url !== null) allow(spec.url);
      const id = newId();
      const secret = body.secret ?? null;
      const row = isInFile
        ? null
        : await insertGuardrail(tx, orgId, {
            id,
            projectId,
            name,
            kind,
            spec,
            sealedSecret: secret === null ? null : sealSecret(keys, { orgId, id }, secret),
            createdBy: nameActor(caller),
          });
      if (row === null) {
        throw new Fault('resource.exists', 'a guardrail has this name', {
          detail: `There is a guardrail ${name}${isInFile ? ' in the models file' : ''} already.`,
        });
      }
      tx.onCommit(forget);
      return row;
    },
    change: async (reach, { id, leftOut }, body) => {
      const { tx, orgId, caller } = reach;
      const before = await find(reach, id);
      const base = leftOut === 'stays' ? before.spec : specByDefault(before.kind);
      const spec = readSpec(before.kind, base, body);
      const isElsewhere = spec.url !== before.spec.url;
      // M6. What signs messages is for the address that it was given for.
      if (isElsewhere && before.sealedSecret !== null && body.secret === undefined)
        throw mistaken('secret', 'must be given again for another url');
      if (spec.url !== null) allow(spec.url);
      const sealedSecret =
        body.secret === undefined
          ? before.sealedSecret
          : body.secret && sealSecret(keys, { orgId, id }, body.secret);
      const by = nameActor(caller);
      const row = found(await replaceGuardrail(tx, orgId, { id, spec, sealedSecret, by }), NO_SUCH);
      tx.onCommit(forget);
      return row;
    },
    drop: async (reach, id) => {
      const row = await find(reach, id);
      await deleteGuardrailOf(reach.tx, reach.orgId, id);
      reach.tx.onCommit(forget);
      return row;
    },
  };
}

/** As the audit log has it. */
export const guardrailDetails = ({
  name,
  kind,
  spec,
  projectId,
}: StoredGuardrail): Readonly<Record<string, string>> => ({
  name,
  kind,
  action: spec.action,
  default_on: String(spec.defaultOn),
  project_id: projectId ?? '',
});
