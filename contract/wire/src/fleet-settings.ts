import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

/** What becomes of a worker without a key pair, or without a key that vouches for it. */
export const ENFORCEMENT_MODES = ['off', 'warn', 'strict'] as const;
export type EnforcementMode = (typeof ENFORCEMENT_MODES)[number];

const settings = {
  /** Whether a worker may register without any credential; null: as the server is configured. */
  open_registration: Type.Union([Type.Boolean(), Type.Null()]),
  enforcement: Type.Union([Type.Literal('off'), Type.Literal('warn'), Type.Literal('strict')]),
  /** Whether a pending worker needs the approval of two different people. */
  dual_approval: Type.Boolean(),
  /** Registrations a second from one address; null: as the server is configured. */
  registrations_per_second: Type.Union([
    Type.Number({ exclusiveMinimum: 0, maximum: 10_000 }),
    Type.Null(),
  ]),
};

export const getFleetSettings = endpoint({
  id: 'fleet.getSettings',
  method: 'GET',
  path: '/api/v1/fleet/settings',
  surface: 'own',
  summary: 'Read what the organization allows workers',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object(settings),
});

export const setFleetSettings = endpoint({
  id: 'fleet.setSettings',
  method: 'PUT',
  path: '/api/v1/fleet/settings',
  surface: 'own',
  summary: 'Change what the organization allows workers; what is left out stays',
  permission: 'fleet:administer',
  audit: 'record',
  body: Type.Partial(Type.Object(settings)),
  output: Type.Object(settings),
});
