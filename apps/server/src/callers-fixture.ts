import { type Endpoint, PERMISSIONS, ROLE_MATRIX } from '@sagewai/wire';

import { bearer, type Call, type Credential, make } from './served-fixture.ts';

/** Every kind of credential that acts for one organization. */
const CALLERS = ['token', 'session', 'key', 'worker', 'run', 'scim'] as const;
export type CallerName = (typeof CALLERS)[number];

export interface Organization {
  readonly id: string;
  readonly as: Readonly<Record<CallerName, Credential>>;
}

const PASSWORD = 'correct horse battery staple';

/** An organization with one of each kind of caller; the same steps for each, so that they are alike. */
export async function makeOrganization(
  call: Call,
  administrator: Credential,
  name: string,
): Promise<Organization> {
  const made = await make(call, administrator, ['POST', '/api/v1/organizations'], { name });
  const id = String(made['id']);
  const of = { ...administrator, 'x-organization': id };
  const token = await make(call, of, ['POST', '/api/v1/tokens'], {
    name: 'administrates',
    scopes: ['admin'],
  });
  const admin = bearer(String(token['token']));
  const session = await signedIn(call, of, { organization: id, role: 'owner' });
  const scim = await make(call, of, ['POST', '/api/v1/tokens'], { name: 'scim', scopes: ['scim'] });
  const key = await make(call, admin, ['POST', '/api/v1/keys'], { name: 'calls models' });
  const enrollment = await make(call, admin, ['POST', '/api/v1/fleet/enrollment-keys'], {
    name: 'enrolls',
  });
  const enrolling = { 'x-enrollment-key': String(enrollment['key']) };
  const worker = await make(call, enrolling, ['POST', '/api/v1/fleet/register'], {
    name: 'works',
    pool: 'callers',
  });
  const working = bearer(String(worker['token']));
  await make(call, admin, ['POST', '/api/v1/runs'], { payload: {}, pool: 'callers' });
  const lease = await make(call, working, ['POST', '/api/v1/fleet/claim'], { poll_timeout: 5 });
  return {
    id,
    as: {
      token: admin,
      session,
      key: bearer(String(key['key'])),
      worker: working,
      run: bearer(String(lease['run_token'])),
      scim: bearer(String(scim['token'])),
    },
  };
}

/** Somebody with a role, who has just signed in. */
export async function signedIn(
  call: Call,
  by: Credential,
  { organization, role }: { readonly organization: string; readonly role: string },
): Promise<Credential> {
  const email = `${role}@people.test`;
  const invited = await make(call, by, ['POST', '/api/v1/invitations'], { email, role });
  await make(call, {}, ['POST', '/api/v1/invitations/accept'], {
    token: invited['token'],
    name: role,
    password: PASSWORD,
  });
  const session = await make(call, {}, ['POST', '/api/v1/sign-in'], {
    email,
    password: PASSWORD,
    organization,
    deliver: 'body',
  });
  return bearer(String(session['session']));
}

/** Who of an organization may call this, by the table of permissions. */
export function callersOf({ permission }: Endpoint): readonly CallerName[] {
  if (permission === 'public') return CALLERS;
  const holders: readonly string[] = PERMISSIONS[permission];
  const isForTokens = holders.some((holder) => ['read', 'write', 'admin'].includes(holder));
  return CALLERS.filter((name) => {
    if (name === 'token') return isForTokens;
    if (name === 'session') {
      return (
        isForTokens || holders.includes('account') || ROLE_MATRIX[permission].includes('owner')
      );
    }
    return holders.includes(name);
  });
}
