import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  createTrigger,
  deleteTrigger,
  disableTrigger,
  enableTrigger,
  getTrigger,
  listTriggerFirings,
  listTriggers,
  type OrganizationId,
  type OutputOf,
  rotateTrigger,
  testTrigger,
  updateTrigger,
  type WebhookOptions,
} from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { changePoller, demandPollerChange } from './change-poller.ts';
import { demandTrigger, makesSecret, mistakesOfSecret } from './check-trigger.ts';
import { planDelivery } from './fire-trigger.ts';
import { listFiringsOf } from './list-firings.ts';
import { ownSchedule, type OwnedSchedule } from './own-schedule.ts';
import { planPoll } from './polls.sql.ts';
import { tellHeaders } from './receive-webhook.ts';
import { newPath, newSecret, sealSecret } from './trigger-secret.ts';
import { toWireTrigger } from './trigger-to-wire.ts';
import type { TriggerRow } from './trigger.ts';
import {
  changeTrigger,
  countTriggers,
  deleteTrigger as remove,
  findTrigger,
  insertTrigger,
  listTriggers as readTriggers,
  replaceSecret,
} from './triggers.sql.ts';

const FIRINGS = 50;
const NONE = 'There is no such trigger.';

interface Within {
  readonly tx: Tx;
  readonly orgId: OrganizationId;
  readonly caller: Caller;
}

/** What starts runs from outside, by asking, and by the clock. */
export function triggerRoutes(parts: FleetParts): Route[] {
  const { settings } = parts;
  const schedules: OwnedSchedule = ownSchedule(parts);
  const show = (tx: Tx, trigger: TriggerRow) => toWireTrigger(tx, trigger, schedules);
  const setEnabled = async (
    within: Within,
    named: string,
    enabled: boolean,
  ): Promise<OutputOf<typeof getTrigger>> => {
    const { tx } = within;
    const trigger = await demand(within, named);
    await changeTrigger(tx, { ...trigger, enabled });
    if (trigger.kind === 'cron') await schedules.setPaused(tx, trigger, !enabled);
    if (trigger.kind === 'poller') await planPoll(tx, trigger, enabled ? 0 : null);
    return show(tx, await demand(within, trigger.id));
  };

  return [
    implement(createTrigger, async ({ tx, orgId, caller, body, audit }) => {
      const { projectId } = caller;
      if (projectId === null) throw new Fault('project.missing', 'the caller has no project');
      const { kind, webhook, poller, cron, run, enabled = true } = body;
      const filter = body.filter ?? null;
      demandTrigger({ ...body, filter }, true);
      if ((await countTriggers(tx, projectId)) >= settings.triggersMax) {
        throw new Fault('state.conflict', 'the project has too many triggers', {
          detail: `A project has at most ${settings.triggersMax} triggers.`,
        });
      }
      if (poller !== undefined) parts.checkUrl(poller.url);
      const id = newId();
      const made = body.secret === undefined && webhook !== undefined ? newSecret(webhook) : null;
      const secret = body.secret ?? made;
      const common = { id, orgId, projectId, name: body.name, createdBy: nameActor(caller) };
      const scheduleId =
        cron === undefined ? null : await schedules.create(tx, { ...common, cron, run, enabled });
      const trigger = {
        ...common,
        kind,
        enabled,
        // Of a cron trigger its schedule has it all.
        options: webhook ?? poller ?? {},
        filter,
        run: cron === undefined ? run : { payload: {} },
        path: kind === 'webhook' ? newPath() : null,
        scheduleId,
        secretSealed: secret === null ? null : sealSecret(parts, id, secret),
      };
      audit.about(`trigger:${id}`, { name: body.name, kind });
      if (!(await insertTrigger(tx, trigger))) throw taken(body.name);
      if (kind === 'poller') await planPoll(tx, trigger, enabled ? 0 : null);
      return { ...(await show(tx, await demand({ tx, orgId, caller }, id))), secret: made };
    }),

    implement(listTriggers, async ({ tx, orgId, caller }) => {
      const rows = await readTriggers(tx, orgId, boundProject(caller));
      const triggers = [];
      for (const row of rows) triggers.push(await show(tx, row));
      return { triggers };
    }),

    implement(getTrigger, async ({ tx, orgId, caller, params }) =>
      show(tx, await demand({ tx, orgId, caller }, params.trigger)),
    ),

    implement(updateTrigger, async ({ tx, orgId, caller, params, body, audit }) => {
      const within = { tx, orgId, caller };
      const old = await demand(within, params.trigger);
      const seen = await show(tx, old);
      const run = body.run ?? (seen.run as TriggerRow['run']);
      const asked = {
        kind: old.kind,
        webhook: body.webhook ?? seen.webhook ?? undefined,
        poller: body.poller ?? seen.poller ?? undefined,
        cron: body.cron ?? seen.cron ?? undefined,
        filter: body.filter === undefined ? old.filter : body.filter,
        run,
      };
      demandTrigger({ ...asked, secret: body.secret }, false);
      demandSameScheme(old, body.webhook);
      demandPollerChange(parts, old, body);
      audit.about(`trigger:${old.id}`, { name: body.name ?? old.name });
      const name = body.name ?? old.name;
      if (asked.cron !== undefined) {
        await schedules.change(tx, old, { name, cron: body.cron ?? {}, run: body.run });
      }
      const changed = {
        ...old,
        name,
        options: asked.webhook ?? asked.poller ?? {},
        filter: asked.filter,
        run: old.kind === 'cron' ? old.run : run,
      };
      if (!(await changeTrigger(tx, changed))) throw taken(name);
      await changePoller(parts, tx, { old, ...body });
      return show(tx, await demand(within, old.id));
    }),

    implement(
      deleteTrigger,
      async ({ tx, orgId, caller, params, audit }): Promise<OutputOf<typeof deleteTrigger>> => {
        const trigger = await demand({ tx, orgId, caller }, params.trigger);
        audit.about(`trigger:${trigger.id}`, { name: trigger.name });
        await remove(tx, trigger.id);
        if (trigger.scheduleId !== null) await schedules.remove(tx, trigger.scheduleId);
        return { id: trigger.id, deleted: true };
      },
    ),

    implement(enableTrigger, async ({ tx, orgId, caller, params, audit }) => {
      audit.about(`trigger:${params.trigger}`);
      return setEnabled({ tx, orgId, caller }, params.trigger, true);
    }),

    implement(disableTrigger, async ({ tx, orgId, caller, params, audit }) => {
      audit.about(`trigger:${params.trigger}`);
      return setEnabled({ tx, orgId, caller }, params.trigger, false);
    }),

    implement(rotateTrigger, async ({ tx, orgId, caller, params, body, audit }) => {
      const within = { tx, orgId, caller };
      const trigger = await demand(within, params.trigger);
      audit.about(`trigger:${trigger.id}`);
      if (trigger.kind === 'cron') throw noSecret('is not used by the clock');
      const made = body.secret === undefined ? newSecretFor(trigger) : null;
      const secret = body.secret ?? made ?? '';
      if (trigger.kind === 'webhook') {
        const [mistake] = mistakesOfSecret(trigger.options as WebhookOptions, secret);
        if (mistake !== undefined) throw noSecret(mistake.message);
      }
      const overlapMs =
        body.overlap_seconds === undefined
          ? settings.triggerSecretOverlapMs
          : body.overlap_seconds * 1_000;
      const sealed = sealSecret(parts, trigger.id, secret);
      await replaceSecret(tx, { id: trigger.id, sealed, overlapMs });
      return { ...(await show(tx, await demand(within, trigger.id))), secret: made };
    }),

    implement(testTrigger, async ({ tx, orgId, caller, params, body }) => {
      const trigger = await demand({ tx, orgId, caller }, params.trigger);
      if (trigger.kind === 'cron') {
        throw new Fault('state.conflict', 'nothing comes in by the clock', {
          detail: 'A cron trigger takes nothing in: see its next instants in its schedule.',
        });
      }
      const { id, name } = trigger;
      const options = trigger.kind === 'webhook' ? (trigger.options as WebhookOptions) : {};
      const lower = Object.entries(body.headers ?? {}).map(([key, value]) => [
        key.toLowerCase(),
        value,
      ]);
      const planned = await planDelivery(parts, trigger, {
        body: body.body,
        headers: tellHeaders(Object.fromEntries(lower) as Record<string, string>, options),
        trigger: { id, name },
        delivery: { key: 'test', at: parts.clock.now().toISOString() },
      });
      return {
        passes: planned.kind !== 'filtered',
        submission: planned.kind === 'run' ? planned.submission : null,
        error: planned.kind === 'refused' ? planned.why : null,
      };
    }),

    implement(listTriggerFirings, async ({ tx, orgId, caller, params, query }) => {
      const trigger = await demand({ tx, orgId, caller }, params.trigger);
      return { firings: await listFiringsOf(tx, trigger, query.limit ?? FIRINGS) };
    }),
  ];
}

async function demand({ tx, orgId, caller }: Within, named: string): Promise<TriggerRow> {
  const bound = boundProject(caller);
  const trigger = await findTrigger(tx, { orgId, projectId: caller.projectId, named });
  return found(bound === null || trigger?.projectId === bound ? trigger : null, NONE);
}

/** The secret is of a scheme. */
function demandSameScheme(old: TriggerRow, given: WebhookOptions | undefined): void {
  if (given === undefined || (old.options as WebhookOptions).scheme === given.scheme) return;
  const message = 'cannot be changed: make another trigger';
  throw new Fault('request.invalid', 'a trigger keeps its scheme', {
    detail: `webhook.scheme ${message}.`,
    mistakes: [{ part: 'body', path: '/webhook/scheme', message }],
  });
}

function newSecretFor(trigger: TriggerRow): string {
  const options = trigger.options as WebhookOptions;
  if (trigger.kind === 'webhook' && makesSecret(options)) return newSecret(options) ?? '';
  throw noSecret('is missing: it is made by the other side');
}

function noSecret(message: string): Fault {
  return new Fault('request.invalid', 'a trigger cannot have this secret', {
    detail: `secret ${message}.`,
    mistakes: [{ part: 'body', path: '/secret', message }],
  });
}

const taken = (name: string): Fault =>
  new Fault('resource.exists', 'the name of a trigger is taken', {
    detail: `The project has a trigger or a schedule ${name}.`,
  });
