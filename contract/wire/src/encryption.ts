import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull } from './schemas.ts';

const status = Type.Object({
  enabled: Type.Boolean(),
  enabled_at: instantOrNull,
  /** What was stored before is encrypted too, and no older key is left. */
  settled: Type.Boolean(),
  /** Keys of the projects, the newest first; never the keys themselves. */
  keys: Type.Array(
    Type.Object({
      id,
      project_id: id,
      project: Type.String(),
      /** `active` encrypts; what stands under a `retiring` one is being moved. */
      state: Type.Union([
        Type.Literal('active'),
        Type.Literal('retiring'),
        Type.Literal('retired'),
      ]),
      created_at: instant,
      retired_at: instantOrNull,
    }),
  ),
});

const projectName = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }));

export const getEncryption = endpoint({
  id: 'fleet.getEncryption',
  method: 'GET',
  path: '/api/v1/fleet/encryption',
  surface: 'own',
  summary: 'Read whether payloads and outputs are encrypted, and under which keys',
  permission: 'fleet:read',
  audit: 'read',
  query: Type.Object({
    /** Name or id; all of the organization unless said. */
    project: projectName,
  }),
  output: status,
});

export const enableEncryption = endpoint({
  id: 'fleet.enableEncryption',
  method: 'POST',
  path: '/api/v1/fleet/encryption/enable',
  surface: 'own',
  summary:
    'Encrypt payloads and outputs of the organization from now on, and what is stored in time',
  permission: 'fleet:administer',
  audit: 'record',
  output: status,
});

export const rotateEncryption = endpoint({
  id: 'fleet.rotateEncryption',
  method: 'POST',
  path: '/api/v1/fleet/encryption/rotate',
  surface: 'own',
  summary:
    'New keys for a project, or for the organization and its projects; old ones are retired in time',
  permission: 'fleet:administer',
  audit: 'record',
  body: Type.Object({
    /** Name or id; unless said, the organization and all of its projects. */
    project: projectName,
  }),
  output: Type.Object({
    /** Projects that have a new key. */
    rotated: Type.Integer(),
  }),
});
