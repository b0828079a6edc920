import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implementPlatform, type Route } from '@sagewai/http';
import { nameActor } from '@sagewai/trust';
import { createStoredModel, deleteStoredModel, updateStoredModel } from '@sagewai/wire';

import { mistaken, refused } from '../litellm/refuse-fields.ts';
import { addressesOf, type Deployment, type Endpoint, placeOf } from '../models/deployment.ts';
import { traitsOf } from '../providers/provider.ts';
import { type ModelSpec, readStored } from './read-stored.ts';
import * as rows from './stored-models.sql.ts';
import type { StoredModels } from './stored-models.ts';
import { NOT_ALLOWED, type StoredReferences } from './stored-references.ts';

/** `/model/new|update|delete`: deployments that every replica picks up. */
export function storedModelRoutes(of: {
  readonly stored: StoredModels;
  readonly now: () => Date;
  readonly references: StoredReferences;
  /** Whether the configuration has a deployment of this id. */
  readonly isConfigured: (id: string) => boolean;
  /** Throws `egress.refused` for an address that nobody may name here. */
  readonly checkAddress: (url: string) => void;
}): Route[] {
  const { stored } = of;
  const check = (spec: ModelSpec): Deployment => {
    for (const [name, value] of Object.entries(spec.litellm_params)) {
      if (typeof value === 'string' && of.references.judge(value, null) === 'refused')
        throw mistaken(`litellm_params/${name}`, NOT_ALLOWED);
    }
    const read = readStored(spec, of.now());
    if (read.kind === 'refused') {
      throw refused(
        read.mistakes.map(({ path, what }) => ({
          part: 'body',
          path: `/${path.replaceAll('.', '/')}`,
          message: what,
        })),
      );
    }
    for (const url of addressesOf(read.deployment.endpoint)) of.checkAddress(url);
    return read.deployment;
  };
  const heard = (): void => void stored.refresh().catch(() => undefined);
  const tell = ({ id, model, endpoint }: Deployment) => ({
    model_id: id,
    model_name: model,
    model_info: { id, db_model: true as const },
    litellm_params: { custom_llm_provider: endpoint.provider, api_base: placeOf(endpoint) },
  });

  return [
    implementPlatform(createStoredModel, async ({ tx, body, caller, audit }) => {
      const given = body.model_info?.['id'];
      const id = typeof given === 'string' && given !== '' ? given : newId();
      const { model_name, litellm_params } = body;
      const spec = { model_name, litellm_params, model_info: { ...body.model_info, id } };
      const deployment = check(spec);
      const row = { id, sealed: stored.seal(spec), by: nameActor(caller) };
      if (of.isConfigured(id) || !(await rows.insertSealed(tx, row))) {
        throw new Fault('resource.exists', 'the id of a deployment is taken', {
          detail: `There is a deployment ${id} already.`,
        });
      }
      tx.onCommit(heard);
      audit.about(`model:${id}`, { model: deployment.model, at: placeOf(deployment.endpoint) });
      return tell(deployment);
    }),

    implementPlatform(updateStoredModel, async ({ tx, body, audit }) => {
      const { id } = body.model_info;
      const row = found(await rows.findSealed(tx, id), missing(id));
      const before = found(stored.unseal(row), `The deployment ${id} cannot be read.`);
      const spec = {
        model_name: body.model_name ?? before.model_name,
        litellm_params: { ...before.litellm_params, ...body.litellm_params },
        model_info: { ...before.model_info, ...body.model_info },
      };
      const deployment = check(spec);
      // It may be at an address that nobody may call any more: that is why it is changed.
      const was = readStored(before, of.now());
      const at = was.kind === 'read' ? was.deployment.endpoint : undefined;
      const isElsewhere = placesOf(deployment.endpoint) !== (at && placesOf(at));
      // M6. A credential is for the address that it was given for.
      const { provider, authorization } = deployment.endpoint;
      const secret = authorization === undefined ? 'api_key' : traitsOf(provider).secretField;
      if (isElsewhere && at?.credential !== null && body.litellm_params?.[secret] === undefined)
        throw mistaken(`litellm_params/${secret}`, 'must be given again for another address');
      await rows.replaceSealed(tx, { id, sealed: stored.seal(spec) });
      tx.onCommit(heard);
      audit.about(`model:${id}`, { model: deployment.model, at: placeOf(deployment.endpoint) });
      return tell(deployment);
    }),

    implementPlatform(deleteStoredModel, async ({ tx, body, audit }) => {
      if (!(await rows.deleteSealed(tx, body.id))) {
        throw new Fault('resource.missing', 'no such stored model', { detail: missing(body.id) });
      }
      tx.onCommit(heard);
      audit.about(`model:${body.id}`);
      return { message: `Model: ${body.id} deleted successfully` };
    }),
  ];
}

const missing = (id: string): string =>
  `There is no deployment ${id} that was added with /model/new; those of the configuration are changed there.`;

/** Its own address, and where its tokens come from. */
const placesOf = (endpoint: Endpoint): string => addressesOf(endpoint).join(' ');
