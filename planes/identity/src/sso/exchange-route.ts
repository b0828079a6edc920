import { createHash } from 'node:crypto';

import { hashToken, sameText } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { implementOwn, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { exchangeSsoCode } from '@sagewai/wire';

import { dropCredential, findCredential } from '../credentials.sql.ts';
import { type FinishOptions, HANDOVER_KIND } from './finish-sign-in.ts';
import { markSignedIn } from './joining.sql.ts';
import { makeSession } from './make-session.ts';
import { takeHandover } from './sessions.sql.ts';

/** A command line comes for the session that a browser signed in for. */
export function exchangeRoute(of: FinishOptions): Route {
  return implementOwn(exchangeSsoCode, async ({ body, request }) => {
    const { db } = of;
    const hash = hashToken(body.code);
    const credential = await findCredential(db, { kind: HANDOVER_KIND, hash });
    if (credential === null) throw unknown();
    const { orgId, id } = credential;
    const handover = await inTenant(db, [orgId], async (tx) => {
      await dropCredential(tx, { kind: HANDOVER_KIND, id });
      return takeHandover(tx, { orgId, id }); // O4
    });
    const proof = createHash('sha256').update(body.verifier).digest('base64url');
    if (handover === null || !handover.isInTime || !sameText(proof, handover.challenge)) {
      throw unknown();
    }
    const { accountId, connectionId, idToken } = handover;
    return inTenant(db, [orgId], async (tx) => {
      const account = await markSignedIn(tx, { orgId, id: accountId, name: null, email: null });
      if (account === null) throw unknown();
      const session = await makeSession(tx, {
        orgId,
        connectionId,
        accountId,
        idToken,
        request,
        isSecure: false,
        settings: of.sessions,
      });
      await appendAudit(tx, {
        orgId,
        actor: `account:${accountId}`,
        action: exchangeSsoCode.id,
        subject: `session:${session.id}`,
        outcome: 'ok',
        requestId: request.id,
        details: { email: account.email },
      });
      return {
        token: session.value,
        expires_at: session.expiresAt.toISOString(),
        email: account.email,
      };
    });
  });
}

const unknown = (): Fault =>
  new Fault('caller.unknown', 'no handover of this code and verifier', {
    detail: 'The code is not known, was used, has expired, or is another’s.',
  });
