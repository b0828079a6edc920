import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id } from './schemas.ts';

const days = Type.Union([Type.Integer({ minimum: 1, maximum: 3_650 }), Type.Null()]);

export const getRetention = endpoint({
  id: 'fleet.getRetention',
  method: 'GET',
  path: '/api/v1/fleet/retention',
  surface: 'fleet',
  summary: 'How long runs are kept after their end',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({
    /** Of every project that has not said less. */
    days: Type.Number(),
    projects: Type.Array(
      Type.Object({ project_id: id, project: Type.String(), days: Type.Integer() }),
    ),
  }),
});

export const setRetention = endpoint({
  id: 'fleet.setRetention',
  method: 'PUT',
  path: '/api/v1/fleet/retention/{project}',
  surface: 'fleet',
  summary: "Keep a project's runs for fewer days than the server does",
  permission: 'fleet:administer',
  audit: 'record',
  /** Name or id. */
  params: Type.Object({ project: Type.String({ minLength: 1, maxLength: 100 }) }),
  /** Null: as long as the server. */
  body: Type.Object({ days }),
  output: Type.Object({ project_id: id, days }),
});
