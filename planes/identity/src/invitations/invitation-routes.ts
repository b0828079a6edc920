import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, implementOwn, isAllowed, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  acceptInvitation,
  createInvitation,
  listInvitations,
  revokeInvitation,
} from '@sagewai/wire';

import { normalizeEmail } from '../accounts/account.ts';
import { findAccountByEmail } from '../accounts/accounts.sql.ts';
import { demandPassword } from '../accounts/demand-password.ts';
import { accountToWire } from '../accounts/own-account-routes.ts';
import { endOfEmergency } from '../break-glass/end-of-emergency.ts';
import { dropCredential } from '../credentials.sql.ts';
import { resolveProject } from '../resolve-caller.ts';
import { demandToGive, givenThere } from '../roles/demand-to-give.ts';
import { readRole } from '../roles/role-routes.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import { findLink, give, giveToken, LINK_KIND, notGood, urlOf } from './give-link.ts';
import {
  type AccountLink,
  insertLink,
  type LinkId,
  listInvitations as readInvitations,
  revokeLink,
  useLink,
} from './links.sql.ts';
import { makeAccount } from './make-account.ts';

export function invitationRoutes(parts: SignInParts): Route[] {
  const { db, clock, settings, passwords } = parts;
  return [
    implement(createInvitation, async ({ tx, orgId, body, caller, request, audit, setHeader }) => {
      const email = normalizeEmail(body.email);
      const { role } = body;
      const mayGive =
        role === 'owner' ? isAllowed('owner:appoint', caller) : isAllowed('role:assign', caller);
      if (!mayGive) {
        throw new Fault('caller.forbidden', `the caller may not give the role ${role}`, {
          detail: `You may not give the role ${role}.`,
        });
      }
      if (await findAccountByEmail(tx, { orgId, email })) {
        throw new Fault('resource.exists', 'the address has an account', {
          detail: 'There is an account with this e-mail address already.',
        });
      }
      const projectId =
        body.project === undefined
          ? null
          : await resolveProject(tx, { orgId, named: body.project });
      if (role === 'owner' && projectId !== null) {
        throw new Fault('request.invalid', 'an owner of a project', {
          detail: 'Accounts own whole organizations: leave the project out.',
        });
      }
      const permissions = await readRole(tx, { orgId, name: role });
      demandToGive(caller, givenThere(permissions, projectId)); // I12
      const id = newId<LinkId>();
      const link = await insertLink(tx, {
        id,
        orgId,
        kind: 'invitation',
        email,
        accountId: null,
        role,
        projectId,
        createdBy: nameActor(caller),
        lifetimeMs: settings.invitationMs,
        expiresAtMost: endOfEmergency(caller), // G5
      });
      const token = await giveToken(tx, { id, orgId });
      audit.about(`invitation:${id}`, { email, role, project_id: projectId });
      setHeader('cache-control', 'no-store');
      const given = await give(parts, tx, {
        link: { ...link, orgId },
        token,
        url: urlOf(settings, { path: 'invitation', token, request }),
        byMail: body.by_mail,
      });
      return { ...toWire(link, clock.now()), ...given };
    }),

    implement(listInvitations, async ({ tx }) => {
      const now = clock.now();
      return { invitations: (await readInvitations(tx)).map((link) => toWire(link, now)) };
    }),

    implement(revokeInvitation, async ({ tx, params, audit }) => {
      const id = params.invitation_id as LinkId;
      const link = found(await revokeLink(tx, id), `There is no open invitation ${id}.`);
      await dropCredential(tx, { kind: LINK_KIND, id });
      audit.about(`invitation:${id}`, { email: link.email });
      return toWire(link, clock.now());
    }),

    implementOwn(acceptInvitation, async ({ body, request }) => {
      const { orgId, link } = await findLink(db, body.token, 'invitation');
      demandPassword(body.password, { email: link.email, name: body.name });
      const hash = await passwords.hash(body.password);
      const account = await inTenant(db, [orgId], async (tx) => {
        const used = await useLink(tx, { id: link.id, kind: 'invitation' });
        if (used === null || used.role === null) throw notGood();
        await dropCredential(tx, { kind: LINK_KIND, id: link.id });
        const made = await makeAccount(tx, {
          orgId,
          email: used.email,
          name: body.name,
          hash,
          role: used.role,
          projectId: used.projectId,
          by: used.createdBy,
        });
        await appendAudit(tx, {
          orgId,
          actor: `account:${made.id}`,
          action: acceptInvitation.id,
          subject: `invitation:${link.id}`,
          outcome: 'ok',
          requestId: request.id,
          details: { role: used.role, project_id: used.projectId, address: request.ip },
        });
        return made;
      });
      return accountToWire(account);
    }),
  ];
}

const stateOf = (link: AccountLink, now: Date): 'open' | 'accepted' | 'revoked' | 'expired' => {
  if (link.usedAt !== null) return 'accepted';
  if (link.revokedAt !== null) return 'revoked';
  return link.expiresAt <= now ? 'expired' : 'open';
};

const toWire = (link: AccountLink, now: Date) => ({
  id: link.id,
  email: link.email,
  role: link.role ?? '',
  project_id: link.projectId,
  state: stateOf(link, now),
  created_by: link.createdBy,
  created_at: link.createdAt.toISOString(),
  expires_at: link.expiresAt.toISOString(),
});
