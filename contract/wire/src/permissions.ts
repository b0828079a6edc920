/** Who may be calling. Each kind of credential proves exactly one of these. */
export type CallerKind = 'token' | 'account' | 'worker' | 'key' | 'run';

/**
 * Every permission, and who holds it. `read`, `write` and `admin` are scopes of an access token
 * (each includes the ones before it); `platform` is an access token of no organization. The other
 * words name the credential kind that holds the permission by itself. What the roles of people and
 * service accounts hold is in `roles.ts`.
 */
export const PERMISSIONS = {
  'organization:read': ['read'],
  'organization:create': ['platform'],
  'project:read': ['read'],
  'project:write': ['admin'],
  'project:delete': ['admin'],
  'token:read': ['admin'],
  'token:write': ['admin'],
  'account:read': ['read'],
  'account:write': ['admin'],
  // Of a signed-in person, for what is their own.
  'account:self': ['account'],
  'role:read': ['read'],
  'role:assign': ['admin'],
  'role:write': ['admin'],
  // Asked for by name, for whom a role that has it is given to or taken from.
  'owner:appoint': ['platform'],
  'service_account:read': ['read'],
  'service_account:write': ['admin'],
  'sso:read': ['admin'],
  // As owners: a token that stands for nobody says not who vouches for people.
  'sso:write': ['platform'],
  // For an identity provider: its token does nothing else, and no other scope includes it.
  'scim:read': ['scim'],
  'scim:write': ['scim'],
  'audit:read': ['read'],
  'audit:administer': ['admin'],
  'alert:read': ['read'],
  'alert:administer': ['admin'],
  'fleet:read': ['read'],
  'fleet:administer': ['admin'],
  'enrollment:read': ['admin'],
  // A worker asks for itself; to stop another one takes `fleet:administer` as well.
  'fleet:remove': ['read', 'worker'],
  'fleet:register': ['read'],
  'fleet:claim': ['worker'],
  'fleet:report': ['worker'],
  'fleet:heartbeat': ['worker'],
  'run:read': ['read'],
  // With the token of a run: under that run alone.
  'run:submit': ['write', 'run'],
  'run:children': ['read', 'run'],
  'run:steps': ['read', 'run'],
  // What a run has done, told by whoever holds its lease.
  'run:journal': ['run'],
  'run:redrive': ['write'],
  'run:seal': ['write'],
  'run:cancel': ['write'],
  'schedule:read': ['read'],
  'schedule:write': ['write'],
  'trigger:read': ['read'],
  'trigger:write': ['write'],
  'run:approve': ['write'],
  'run:signal': ['write'],
  'tool:read': ['read', 'key', 'run'],
  // Arguments and results of calls: not for who only looks.
  'tool:inspect': ['write', 'key', 'run'],
  'tool:write': ['admin'],
  'tool:call': ['write', 'key', 'run'],
  // Whoever asks for an effect does not approve it: no key, and no run.
  'tool:approve': ['write'],
  'tool:redrive': ['write'],
  // What came of a function of the worker, told by whoever holds the lease.
  'tool:report': ['run'],
  // What people and models have said to each other: not for who only looks.
  'chat:read': ['write', 'key', 'run'],
  'chat:write': ['write', 'key', 'run'],
  'index:read': ['read', 'key', 'run'],
  'index:write': ['write', 'key'],
  'artifact:read': ['read', 'key', 'run'],
  'artifact:write': ['write', 'key', 'run'],
  'key:read': ['read'],
  // A key may read what is known of itself, and nothing else.
  'key:inspect': ['read', 'key'],
  'key:write': ['write'],
  'team:read': ['read'],
  'team:write': ['admin'],
  'spend:read': ['read'],
  'budget:write': ['admin'],
  'guardrail:write': ['admin'],
  // What models were given to read, and what they wrote, where that is kept.
  'call_body:read': ['admin'],
  'call_body:write': ['admin'],
  // An agent asks whether it may go on, and books what it spent elsewhere, with what it calls models with.
  'budget:check': ['read', 'key', 'run'],
  'spend:record': ['write', 'key', 'run'],
  'model:call': ['key', 'run'],
  // Deployments are of the whole platform, and so are their credentials.
  'model:administer': ['platform'],
  // Keys that seal what is stored are of the whole platform.
  'encryption:administer': ['platform'],
  'model:list': ['key', 'run', 'read'],
} as const satisfies Record<
  string,
  readonly ('read' | 'write' | 'admin' | 'scim' | 'platform' | CallerKind)[]
>;

export type Permission = keyof typeof PERMISSIONS;
