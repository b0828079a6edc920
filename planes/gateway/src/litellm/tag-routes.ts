import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  type BodyOf,
  createTag,
  deleteTag,
  listTags,
  type OrganizationId,
  readTags,
  updateTag,
} from '@sagewai/wire';

import { applyHolderLimits, holdGivenBudget } from './apply-limits.ts';
import * as parts from './described-parts.sql.ts';
import { forgetPart } from './forget-part.ts';
import { refuseFields, type Unsupported } from './refuse-fields.ts';
import { showTags, type ShownTag } from './show-parts.ts';

const PAGE_TAGS = 100;

const UNSUPPORTED: Unsupported = {
  budget_reset_at: 'windows are those of the clock',
  max_parallel_requests: 'keys, teams and users have one',
  model_max_budget: 'keys, teams and users have one',
  models: 'a tag chooses no deployments',
  soft_budget: 'keys have one',
};

/** `/tag/*`: tags, which keys and calls have, and their limits in the organization. */
export function tagRoutes(): Route[] {
  return [
    implement(createTag, async ({ tx, orgId, caller, body, audit }) => {
      refuseFields(body, createTag.body ?? {}, UNSUPPORTED);
      const of = { orgId, facet: 'tag', name: body.name } as const;
      await holdGivenBudget(tx, of, body);
      if (!(await parts.insertPart(tx, { ...of, by: nameActor(caller) }))) throw taken(of.name);
      const tag = await change(tx, of, body);
      audit.about(`tag:${of.name}`, inWords(tag));
      return { message: `Made the tag ${of.name}.`, tag };
    }),

    implement(updateTag, async ({ tx, orgId, body, audit }) => {
      refuseFields(body, updateTag.body ?? {}, UNSUPPORTED);
      const tag = await change(tx, { orgId, facet: 'tag', name: body.name }, body);
      audit.about(`tag:${body.name}`, inWords(tag));
      return { message: `Changed the tag ${body.name}.`, tag };
    }),

    implement(deleteTag, async ({ tx, orgId, body, audit }) => {
      await parts.lockParts(tx, { orgId, facet: 'tag' }, [body.name]);
      await forgetPart(tx, { orgId, facet: 'tag', name: body.name });
      audit.about(`tag:${body.name}`, {});
      return {
        message: `Deleted the tag ${body.name}: its limits are lifted, what it cost stays.`,
      };
    }),

    implement(readTags, async ({ tx, orgId, body }) => {
      const tags = await showNamed(tx, orgId, body.names);
      return Object.fromEntries(tags.map((tag) => [tag.name, tag]));
    }),

    implement(listTags, async ({ tx, orgId, query }) => {
      const page = { offset: ((query.page ?? 1) - 1) * PAGE_TAGS, limit: PAGE_TAGS };
      return showTags(tx, orgId, await parts.findParts(tx, { orgId, facet: 'tag' }, page));
    }),
  ];
}

async function change(
  tx: Tx,
  of: parts.PartChoice,
  fields: BodyOf<typeof updateTag>,
): Promise<ShownTag> {
  const { orgId, facet: kind, name } = of;
  const { description: label } = fields;
  const changes = label === undefined ? {} : { label };
  await holdGivenBudget(tx, of, fields);
  found(await parts.adjustPart(tx, of, changes), missing(name));
  await applyHolderLimits(tx, { orgId, kind, id: name }, fields);
  const [shown] = await showNamed(tx, orgId, [name]);
  return found(shown, missing(name));
}

async function showNamed(
  tx: Tx,
  orgId: OrganizationId,
  names: readonly string[],
): Promise<ShownTag[]> {
  const of = { names, limit: names.length };
  return showTags(tx, orgId, await parts.findParts(tx, { orgId, facet: 'tag' }, of));
}

const inWords = ({ description, litellm_budget_table: table }: ShownTag) => ({
  description,
  budget_id: table?.budget_id ?? null,
  max_budget: table?.max_budget ?? null,
  budget_duration: table?.budget_duration ?? null,
});

const missing = (name: string): string => `There is no tag ${name}.`;
const taken = (name: string): Fault =>
  new Fault('resource.exists', 'the tag is described', {
    detail: `There is a tag ${name} already.`,
  });
