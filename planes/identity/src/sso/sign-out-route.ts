import { open } from '@sagewai/crypto';
import { implementOwn, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import { signOutOfSso } from '@sagewai/wire';

import { clearCookie } from '../sessions/cookie.ts';
import { endSession } from '../sessions/login-sessions.sql.ts';
import { sessionOf } from '../sessions/session-reader.ts';
import { type FinishOptions, idTokenContext } from './finish-sign-in.ts';
import { takeOidcSession } from './sessions.sql.ts';
import { baseOf, findEnabled } from './start-sign-in.ts';

/** Ends the session here, and says where the browser goes to end the one at the provider. */
export function signOutRoute(of: FinishOptions): Route {
  return implementOwn(signOutOfSso, async ({ caller, request, setHeader }) => {
    const { orgId, sessionId, accountId } = sessionOf(caller);
    const kept = await inTenant(of.db, [orgId], async (tx) => {
      const taken = await takeOidcSession(tx, { orgId, sessionId });
      await endSession(tx, { id: sessionId, by: nameActor(caller) });
      await appendAudit(tx, {
        orgId,
        actor: nameActor(caller),
        action: signOutOfSso.id,
        subject: `login_session:${sessionId}`,
        outcome: 'ok',
        requestId: request.id,
        details: { at_provider: taken !== null },
      });
      return taken;
    });
    const base = baseOf(of, request);
    setHeader('set-cookie', clearCookie(base.startsWith('https:')));
    if (kept === null) return { session_id: sessionId, redirect_to: null };
    const opened = open(of.sealing, kept.idToken, idTokenContext(accountId));
    const idToken = opened.kind === 'opened' ? opened.data.toString('utf8') : '';
    // The session here has ended already, whether or not the provider can be read.
    const url = await findEnabled(of, kept.connectionId)
      .then(({ party }) => of.client.endSessionUrl(party, { idToken, returnTo: `${base}/` }))
      .catch(() => null);
    return { session_id: sessionId, redirect_to: url?.href ?? null };
  });
}
