import { newId, type SealingKeys } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  type BodyOf,
  createGuardrail,
  deleteGuardrail,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  updateGuardrail,
} from '@sagewai/wire';

import { PII } from './find-pii.ts';
import { storedToWire } from './guardrail-to-wire.ts';
import type { Guardrail } from './guardrail.ts';
import {
  findingOf,
  type GuardrailSpec,
  HOOK_TIMEOUT_MS,
  sealSecret,
  type StoredGuardrail,
} from './stored-guardrail.ts';
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

type Kind = Guardrail['kind'];
type Change = BodyOf<typeof updateGuardrail>;

/** Guardrails that are made while servers run. */
export function storedGuardrailRoutes(of: {
  readonly keys: SealingKeys;
  readonly fromFile: () => readonly Guardrail[];
  /** Throws for an address that may not be called. */
  readonly allow: (url: string) => void;
  readonly forget: () => void;
}): Route[] {
  const { keys, allow, forget } = of;
  const find = async (
    tx: Tx,
    { orgId, caller, id }: { orgId: OrganizationId; caller: Caller; id: string },
  ): Promise<StoredGuardrail> => {
    const row = found(await findStoredGuardrail(tx, orgId, id), NO_SUCH);
    const bound = boundProject(caller);
    // What is of all projects is not one project's to change.
    return found(bound === null || row.projectId === bound ? row : null, NO_SUCH);
  };
  return [
    implement(createGuardrail, async ({ tx, orgId, caller, body, audit }) => {
      const { name, kind } = body;
      const isInFile = of.fromFile().some((each) => each.name.toLowerCase() === name.toLowerCase());
      const projectId = await projectOf(tx, { orgId, caller, named: body.project });
      if ((await listStoredGuardrails(tx, orgId)).length >= GUARDRAILS_MAX) {
        throw new Fault('state.conflict', 'the organization has too many guardrails', {
          detail: `An organization has at most ${GUARDRAILS_MAX} guardrails.`,
        });
      }
      const spec = readSpec(kind, { ...BY_DEFAULT, action: DEFAULT_ACTION[kind] }, body);
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
      audit.about(`guardrail:${id}`, detailsOf(row));
      tx.onCommit(forget);
      return storedToWire(row);
    }),

    implement(updateGuardrail, async ({ tx, orgId, caller, params, body, audit }) => {
      const { guardrail_id: id } = params;
      const before = await find(tx, { orgId, caller, id });
      const spec = readSpec(before.kind, before.spec, body);
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
      audit.about(`guardrail:${id}`, detailsOf(row));
      tx.onCommit(forget);
      return storedToWire(row);
    }),

    implement(
      deleteGuardrail,
      async ({ tx, orgId, caller, params, audit }): Promise<OutputOf<typeof deleteGuardrail>> => {
        const { guardrail_id: id } = params;
        const row = await find(tx, { orgId, caller, id });
        audit.about(`guardrail:${id}`, detailsOf(row));
        await deleteGuardrailOf(tx, orgId, id);
        tx.onCommit(forget);
        return { status: 'ok' };
      },
    ),
  ];
}

async function projectOf(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly caller: Caller;
    readonly named: string | undefined;
  },
): Promise<ProjectId | null> {
  const bound = boundProject(of.caller);
  if (of.named === undefined) return bound;
  const project = await findProject(tx, of.orgId, of.named);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, 'There is no such project.', 'project.missing').id;
}

const detailsOf = ({ name, kind, spec, projectId }: StoredGuardrail) => ({
  name,
  kind,
  action: spec.action,
  default_on: String(spec.defaultOn),
  project_id: projectId ?? '',
});

const DEFAULT_ACTION = {
  pii: 'redact',
  secrets: 'redact',
  regex: 'block',
  webhook: 'redact',
} as const;

const BY_DEFAULT: Omit<GuardrailSpec, 'action'> = {
  before: true,
  after: false,
  defaultOn: false,
  uninspectable: 'pass',
  entities: null,
  patterns: null,
  url: null,
  timeoutMs: null,
};

/** Of what kind a field is; given for another, it would be kept and do nothing. */
const FIELDS: Readonly<Record<'entities' | 'patterns' | 'url' | 'secret' | 'timeout_ms', Kind>> = {
  entities: 'pii',
  patterns: 'regex',
  url: 'webhook',
  secret: 'webhook',
  timeout_ms: 'webhook',
};

function readSpec(kind: Kind, before: GuardrailSpec, body: Change): GuardrailSpec {
  for (const [field, of] of Object.entries(FIELDS)) {
    if (kind !== of && body[field as keyof typeof FIELDS] !== undefined)
      throw mistaken(field, `is for guardrails of kind ${of}`);
  }
  const spec: GuardrailSpec = {
    action: body.action ?? before.action,
    before: body.before ?? before.before,
    after: body.after ?? before.after,
    defaultOn: body.default_on ?? before.defaultOn,
    uninspectable: body.uninspectable ?? before.uninspectable,
    entities: body.entities ?? before.entities,
    patterns: body.patterns ?? before.patterns,
    url: body.url ?? before.url,
    timeoutMs: body.timeout_ms ?? before.timeoutMs ?? (kind === 'webhook' ? HOOK_TIMEOUT_MS : null),
  };
  if (!spec.before && !spec.after) throw mistaken('before', 'must be true, where `after` is not');
  const unknown = spec.entities?.find((name) => !PII.some((each) => each === name));
  if (unknown !== undefined) throw mistaken('entities', `must be of ${PII.join(', ')}`);
  if (kind === 'regex' && spec.patterns === null) throw mistaken('patterns', 'must be there');
  if (kind === 'webhook' && !/^https?:\/\/[^/\s]/.test(spec.url ?? ''))
    throw mistaken('url', 'must be a URL that starts with https:// or http://');
  if (spec.url !== null && !URL.canParse(spec.url)) throw mistaken('url', 'must be a URL');
  try {
    findingOf({ kind, spec });
  } catch {
    const what = 'must be in the syntax of RE2 (no look-around, no back references)';
    throw mistaken('patterns', what);
  }
  return spec;
}

function mistaken(field: string, message: string): Fault {
  return new Fault('request.invalid', `${field} is refused`, {
    detail: `body/${field} ${message}.`,
    mistakes: [{ part: 'body', path: `/${field}`, message }],
  });
}
