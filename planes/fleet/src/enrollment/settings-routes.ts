import { implement, type Route } from '@sagewai/http';
import { getFleetSettings, type OutputOf, setFleetSettings } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import {
  changeFleetSettings,
  type OrganizationFleetSettings,
  readFleetSettings,
} from '../settings.sql.ts';

/** What an organization says about its workers. */
export function settingsRoutes({ news }: Pick<FleetParts, 'news'>): Route[] {
  return [
    implement(getFleetSettings, async ({ tx, orgId }) =>
      toWire(await readFleetSettings(tx, orgId)),
    ),

    implement(setFleetSettings, async ({ tx, orgId, body, audit }) => {
      audit.about('fleet settings', { ...body });
      const {
        open_registration: openRegistration,
        dual_approval: dualApproval,
        registrations_per_second: registrationsPerSecond,
        enforcement,
      } = body;
      const change = {
        ...(openRegistration === undefined ? {} : { openRegistration }),
        ...(enforcement === undefined ? {} : { enforcement }),
        ...(dualApproval === undefined ? {} : { dualApproval }),
        ...(registrationsPerSecond === undefined ? {} : { registrationsPerSecond }),
      };
      tx.onCommit(() => news.tellOrganization(orgId));
      return toWire(await changeFleetSettings(tx, orgId, change));
    }),
  ];
}

function toWire(settings: OrganizationFleetSettings): OutputOf<typeof getFleetSettings> {
  return {
    open_registration: settings.openRegistration,
    enforcement: settings.enforcement,
    dual_approval: settings.dualApproval,
    registrations_per_second: settings.registrationsPerSecond,
  };
}
