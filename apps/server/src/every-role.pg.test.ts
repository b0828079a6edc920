/**
 * Every endpoint of the contract × every built-in role, on one server, as people who have signed in: who
 * may gets past the decision, who may not is told which permission is missing. What is sent has nothing of
 * anybody in it, so that what is allowed mostly finds nothing; an auditor's walk must leave every table as
 * it was.
 */
import { newId } from '@sagewai/crypto';
import {
  BUILT_IN_ROLES,
  type BuiltInRole,
  type Endpoint,
  ENDPOINTS,
  type Permission,
  PERMISSIONS,
  ROLE_MATRIX,
} from '@sagewai/wire';
import { expect } from 'vitest';

import { makeOrganization, signedIn } from './callers-fixture.ts';
import { rowsOf } from './rows-of-fixture.sql.ts';
import { type Answer, type Credential, make, type Request, servedTest } from './served-fixture.ts';
import { leastBody, leastPath, toRequest } from './targets-fixture.ts';

/** Reads by asking somebody else, or by waiting. */
const SLOW: ReadonlySet<string> = new Set(['sso.startSignIn', 'sso.finishSignIn']);
/** Whose time moves by asking: when a session was seen, what was refused, and what jobs count. */
const MOVES: ReadonlySet<string> = new Set([
  'audit_entry',
  'audit_head',
  'audit_sink',
  'backlog_count',
  'event_cursor',
  'login_session',
  'outbox_due',
  'pending_count',
]);

const asked = (endpoint: Endpoint): Request => {
  const id = newId();
  const request = { method: endpoint.method, path: leastPath(endpoint, id) };
  return toRequest(endpoint, request, leastBody(endpoint, id));
};

/** What it says of a permission, in whichever shape errors have there. */
const names = ({ text }: Answer, permission: string): boolean =>
  text.includes(`does not have the permission ${permission}`);

const mayBe = (permission: Permission, role: BuiltInRole): boolean =>
  ROLE_MATRIX[permission].includes(role) ||
  (PERMISSIONS[permission] as readonly string[]).includes('account');

servedTest(
  'what a role may do is done or finds nothing, and what it may not is 403 with the permission that is missing; an auditor reads everything and changes nothing (I12)',
  async ({ call, administrator, owner }) => {
    const acme = await makeOrganization(call, administrator, 'acme');
    const by = { ...administrator, 'x-organization': acme.id };
    for (const [path, body] of [
      ['/api/v1/projects', { name: 'web' }],
      ['/team/new', { team_id: 'web' }],
      ['/api/v1/schedules', { name: 'nightly', cron: '0 0 1 1 *', submission: { payload: {} } }],
    ] as const) {
      await make(call, acme.as.token, ['POST', path], body);
    }
    const roles = Object.keys(BUILT_IN_ROLES) as BuiltInRole[];
    const people = new Map<BuiltInRole, Credential>([['owner', acme.as.session]]);
    for (const role of roles.filter((name) => name !== 'owner')) {
      people.set(role, await signedIn(call, by, { organization: acme.id, role }));
    }
    // What ends the session of whoever asks comes last.
    const all = (ENDPOINTS as readonly Endpoint[]).filter(({ id }) => !SLOW.has(id));
    const own = (endpoint: Endpoint): number => Number(endpoint.permission === 'account:self');
    const ordered = all.toSorted((a, b) => own(a) - own(b));

    const wrong: string[] = [];
    const before = await rowsOf(owner, acme.id);
    // The auditor first: nobody else has changed anything yet.
    for (const role of ['auditor', ...roles.filter((name) => name !== 'auditor')] as const) {
      const credential = people.get(role) ?? {};
      for (const endpoint of ordered) {
        const { id, permission, method } = endpoint;
        if (permission === 'public') continue;
        // Their own password and session are everybody's own.
        if (permission === 'account:self' && method !== 'GET') continue;
        const answer = await call(credential, asked(endpoint));
        const isRefused = answer.status === 403;
        if (answer.status === 401 || answer.status === 500)
          wrong.push(`${role} ${id}: ${answer.text}`);
        if (mayBe(permission, role)) {
          if (isRefused && names(answer, permission)) wrong.push(`${role} ${id}: ${answer.text}`);
          if (isRefused && method === 'GET') wrong.push(`${role} ${id}: ${answer.text}`);
        } else if (!isRefused || !names(answer, permission)) {
          wrong.push(`${role} ${id}: ${answer.status} ${answer.text}`);
        }
      }
      if (role !== 'auditor') continue;
      expect(wrong).toEqual([]);
      const after = await rowsOf(owner, acme.id);
      const changed = [...after.keys()].filter(
        (table) => JSON.stringify(before.get(table)) !== JSON.stringify(after.get(table)),
      );
      expect(changed.filter((table) => !MOVES.has(table))).toEqual([]);
      const known = new Set(before.get('audit_entry'));
      const told = (after.get('audit_entry') ?? []).filter((entry) => !known.has(entry));
      // Every entry that the walk has made is of a refusal, or of what a lock was asked about.
      expect(told.filter((entry) => / "outcome": "ok"/.test(entry))).toEqual([]);
      const reads = ordered.filter(
        ({ method, permission }) => method === 'GET' && permission !== 'public',
      );
      const unread = reads.filter(
        ({ permission }) => permission !== 'public' && !mayBe(permission, 'auditor'),
      );
      // What no role gives: a directory's, a key's, and what is of the whole platform.
      expect(new Set(unread.map(({ permission }) => permission))).toEqual(
        new Set(['encryption:administer', 'model:administer', 'model:call', 'scim:read']),
      );
    }
    expect(wrong).toEqual([]);
  },
  120_000,
);
