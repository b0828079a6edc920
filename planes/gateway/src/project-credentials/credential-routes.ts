import { tokenHint } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  getProjectCredential,
  type OrganizationId,
  type OutputOf,
  removeProjectCredential,
  rotateProjectCredential,
  setProjectCredential,
} from '@sagewai/wire';

import { mistaken } from '../litellm/refuse-fields.ts';
import { type Endpoint, placeOf } from '../models/deployment.ts';
import { countChange } from '../stored-models/stored-models.sql.ts';
import { NOT_ALLOWED, type StoredReferences } from '../stored-models/stored-references.ts';
import type { CredentialBook } from './credential-book.ts';
import * as rows from './project-credentials.sql.ts';
import type { ProxyKeys } from './proxy-keys.ts';
import { formerOf, type Retiring } from './retire-keys.ts';

/** `/api/v1/projects/{project}/credential`: what it is can be written and used, and never be read. */
export function credentialRoutes(of: {
  readonly book: CredentialBook;
  readonly proxy: ProxyKeys;
  /** Of everything that the operator has named. */
  readonly endpoints: () => readonly Endpoint[];
  readonly endpointAt: (baseUrl: string) => Endpoint;
  readonly retiring: Pick<Retiring, 'remove'>;
  readonly references: StoredReferences;
}): Route[] {
  const { book, proxy } = of;
  const heard = (): void => void book.refresh().catch(() => undefined);
  /** Two are there at once until every replica has heard; never three. */
  const makeRoom = async (before: rows.SealedCredential | null): Promise<void> => {
    const former = before && formerOf(before);
    if (former !== null) await of.retiring.remove(former);
  };
  const put = async (
    tx: Tx,
    name: rows.ProjectOf,
    credential: { endpoint: Endpoint; key: string; isMade: boolean; wanted: object; by: string },
  ): Promise<rows.SealedCredential> => {
    const { endpoint, key, isMade, wanted, by } = credential;
    const { baseUrl } = endpoint;
    try {
      const sealed = book.seal({ ...name, baseUrl }, { key, wanted });
      const row = { ...name, baseUrl, isMade, sealed, hint: tokenHint(key), createdBy: by };
      const saved = await rows.putCredential(tx, row);
      await countChange(tx);
      tx.onCommit(heard);
      return saved;
    } catch (error) {
      // Nobody else knows of it.
      if (isMade) await proxy.remove(endpoint, key).catch(() => undefined);
      throw error;
    }
  };

  return [
    implement(getProjectCredential, async ({ params, ...reach }) => {
      const name = await demandProject(reach, params.project);
      return toWire(found(await rows.findCredentialOf(reach.tx, name), NONE));
    }),

    implement(setProjectCredential, async ({ params, body, audit, ...reach }) => {
      const { tx, caller } = reach;
      const name = await demandProject(reach, params.project);
      if ((body.key === undefined) === (body.make === undefined)) {
        throw mistaken('key', 'or make must be given, and not both');
      }
      if (body.key !== undefined && of.references.judge(body.key, name) === 'refused')
        throw mistaken('key', NOT_ALLOWED);
      const endpoint = chooseEndpoint(of.endpoints(), body);
      const before = await rows.findCredentialOf(tx, name);
      await makeRoom(before);
      const wanted = { ...body.make, metadata: { sagewai_project: name.projectId } };
      const key = body.key ?? (await proxy.make(endpoint, wanted));
      const isMade = body.key === undefined;
      const by = nameActor(caller);
      const row = await put(tx, name, { endpoint, key, isMade, wanted, by });
      audit.about(`project:${name.projectId}`, told(row));
      return toWire(row);
    }),

    implement(rotateProjectCredential, async ({ params, audit, ...reach }) => {
      const { tx, caller } = reach;
      const name = await demandProject(reach, params.project);
      const before = found(await rows.findCredentialOf(tx, name), NONE);
      if (!before.isMade) {
        throw new Fault('request.invalid', 'a given credential cannot be rotated here', {
          detail: 'This credential was given, not made here: set the new one instead.',
        });
      }
      const endpoint = of.endpointAt(before.baseUrl);
      await makeRoom(before);
      const wanted = book.unseal(before)?.wanted ?? {};
      const key = await proxy.make(endpoint, wanted);
      const by = nameActor(caller);
      const row = await put(tx, name, { endpoint, key, isMade: true, wanted, by });
      audit.about(`project:${name.projectId}`, told(row));
      return toWire(row);
    }),

    implement(removeProjectCredential, async ({ params, audit, ...reach }) => {
      const { tx } = reach;
      const name = await demandProject(reach, params.project);
      const before = found(await rows.findCredentialOf(tx, name), NONE);
      await rows.dropCredentialOf(tx, name);
      await countChange(tx);
      await makeRoom(before);
      if (before.isMade) await of.retiring.remove(before);
      tx.onCommit(heard);
      audit.about(`project:${name.projectId}`, told(before));
      return { project_id: name.projectId, removed: true as const };
    }),
  ];
}

const NONE = 'The project has no credential of its own.';

/** Where it is good: the place that is named, else the only LiteLLM proxy there is. */
function chooseEndpoint(
  endpoints: readonly Endpoint[],
  { base_url: named, make }: { readonly base_url?: string; readonly make?: object },
): Endpoint {
  const fit = endpoints.filter(
    ({ provider, authorization }) =>
      authorization === undefined && (make === undefined || provider === 'litellm'),
  );
  const places = new Map(fit.map((endpoint) => [placeOf(endpoint), endpoint]));
  if (named !== undefined) {
    const wanted = named.replace(/\/+$/, '');
    const chosen = places.get(wanted) ?? places.get(`${wanted}/v1`);
    if (chosen !== undefined) return chosen;
    const known = [...places.keys()].join(', ') || 'none';
    throw mistaken('base_url', `must be a provider of the configuration: ${known}`);
  }
  const proxies = [...places.values()].filter(({ provider }) => provider === 'litellm');
  const [only, another] = proxies;
  if (only !== undefined && another === undefined) return only;
  throw mistaken('base_url', 'must say where the credential is good');
}

/** A token that is bound to a project does not know of the others. */
async function demandProject(
  { tx, orgId, caller }: { tx: Tx; orgId: OrganizationId; caller: Caller },
  named: string,
): Promise<rows.ProjectOf> {
  const project = await findProject(tx, orgId, named);
  const bound = boundProject(caller);
  const within = bound === null || project?.id === bound ? project : null;
  const { id } = found(within, 'There is no such project.', 'project.missing');
  return { orgId, projectId: id };
}

const told = (row: rows.SealedCredential) => ({
  hint: row.hint,
  at: placeOf(row),
  made: row.isMade,
});

function toWire(row: rows.SealedCredential): OutputOf<typeof getProjectCredential> {
  return {
    project_id: row.projectId,
    // The operator's URL may hold a credential.
    base_url: placeOf(row),
    kind: row.isMade ? 'made' : 'given',
    hint: row.hint,
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    replaced_at: row.replacedAt?.toISOString() ?? null,
  };
}
