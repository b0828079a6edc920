import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, implementOwn, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import {
  addPasskey,
  beginPasskey,
  beginSignInPasskey,
  type OutputOf,
  removePasskey,
  signInPasskey,
} from '@sagewai/wire';

import { findAccount } from '../accounts/accounts.sql.ts';
import { sessionOf } from '../sessions/session-reader.ts';
import { makeChallenge, readChallenge, spend, writeChallenge } from '../sign-in/challenge.ts';
import { failSignIn } from '../sign-in/fail-sign-in.ts';
import { findSignInOrganization, NOWHERE } from '../sign-in/find-organization.ts';
import { handOver, makeLogin } from '../sign-in/finish-sign-in.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import { checkRegistration } from './check-passkey.ts';
import { siteOf } from './passkey-site.ts';
import {
  insertPasskey,
  listPasskeys,
  type Passkey,
  type PasskeyId,
  removePasskey as remove,
} from './passkeys.sql.ts';
import { provePasskey } from './prove-passkey.ts';
import { KEY_ALGORITHMS } from './read-authenticator-data.ts';

const TIMEOUT_MS = 120_000;
const WRONG_PASSKEY = 'The passkey was not accepted.';

export function passkeyRoutes(parts: SignInParts): Route[] {
  const { db, clock, challengeKey, settings, meters } = parts;
  return [
    implementOwn(beginSignInPasskey, async ({ body, request }) => {
      const orgId = (await findSignInOrganization(db, body.organization)) ?? NOWHERE;
      const challenge = makeChallenge(
        { purpose: 'passkey-sign-in', orgId, accountId: null },
        clock.now(),
      );
      return {
        challenge: writeChallenge(challenge, challengeKey),
        public_key: {
          challenge: challenge.nonce,
          rpId: siteOf(request, settings).rpId,
          timeout: TIMEOUT_MS,
          userVerification: 'required',
          // Nobody is named yet: the authenticator offers the ones that it has for this site.
          allowCredentials: [],
        },
      };
    }),

    implementOwn(signInPasskey, async ({ body, request, setHeader }) => {
      const challenge = readChallenge(body.challenge, {
        purpose: 'passkey-sign-in',
        key: challengeKey,
        now: clock.now(),
      });
      const { orgId } = challenge;
      await parts.throttle.admitAddress({ orgId, address: request.ip }); // A3
      const outcome = await inTenant(db, [orgId], async (tx) => {
        const proved = await provePasskey(tx, body.credential, {
          challenge,
          request,
          publicUrl: settings.publicUrl,
        });
        if (proved.kind === 'refused') return proved;
        const account = await findAccount(tx, { orgId, id: proved.accountId });
        if (account?.active !== true)
          return { ...proved, kind: 'refused', why: 'inactive' } as const;
        const made = await makeLogin(tx, parts, {
          account: { id: account.id, orgId },
          method: 'passkey',
          request,
        });
        return { kind: 'made', made } as const;
      });
      if (outcome.kind === 'refused') {
        meters.attempts.add({ method: 'passkey', outcome: 'wrong' });
        const { accountId, why } = outcome;
        if (orgId === NOWHERE) throw new Fault('caller.unknown', why, { detail: WRONG_PASSKEY });
        return failSignIn(db, { orgId, accountId, why, request, detail: WRONG_PASSKEY });
      }
      meters.attempts.add({ method: 'passkey', outcome: 'ok' });
      return handOver({ request, setHeader }, parts, {
        orgId,
        ...outcome.made,
        deliver: body.deliver,
      });
    }),

    implement(beginPasskey, async ({ tx, caller, request }) => {
      const { accountId, orgId } = sessionOf(caller);
      const account = found(
        await findAccount(tx, { orgId, id: accountId }),
        'There is no account.',
      );
      const known = await listPasskeys(tx, accountId);
      const challenge = makeChallenge({ purpose: 'passkey-add', orgId, accountId }, clock.now());
      return {
        challenge: writeChallenge(challenge, challengeKey),
        public_key: {
          challenge: challenge.nonce,
          rp: { id: siteOf(request, settings).rpId, name: 'Sagewai' },
          user: {
            id: Buffer.from(accountId).toString('base64url'),
            name: account.email,
            displayName: account.name,
          },
          pubKeyCredParams: KEY_ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
          timeout: TIMEOUT_MS,
          attestation: 'none',
          authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
          excludeCredentials: known.map(({ credentialId }) => ({
            type: 'public-key',
            id: credentialId.toString('base64url'),
          })),
        },
      };
    }),

    implement(addPasskey, async ({ tx, caller, body, request, audit }) => {
      const { accountId, orgId } = sessionOf(caller);
      const challenge = readChallenge(body.challenge, {
        purpose: 'passkey-add',
        key: challengeKey,
        now: clock.now(),
      });
      const site = siteOf(request, settings);
      const made = checkRegistration(body.credential.response, {
        site,
        challenge: challenge.nonce,
      });
      if (made.kind === 'refused' || challenge.accountId !== accountId) {
        const why = made.kind === 'refused' ? made.why : 'it was made for another account';
        throw new Fault('state.conflict', `a passkey was not added: ${why}`, {
          detail: `The passkey was not accepted: ${why}.`,
        });
      }
      await spend(tx, challenge);
      const passkey = await insertPasskey(tx, {
        ...made,
        id: newId<PasskeyId>(),
        orgId,
        accountId,
        name: body.name,
      });
      if (passkey === null) {
        throw new Fault('resource.exists', 'the authenticator is known already', {
          detail: 'This authenticator has a passkey here already.',
        });
      }
      audit.about(`passkey:${passkey.id}`, { name: passkey.name });
      return toWire(passkey);
    }),

    implement(removePasskey, async ({ tx, caller, params, audit }) => {
      const { accountId } = sessionOf(caller);
      const id = params.passkey_id as PasskeyId;
      const removed = found(await remove(tx, { accountId, id }), `There is no passkey ${id}.`);
      audit.about(`passkey:${id}`, { name: removed.name });
      return toWire(removed);
    }),
  ];
}

export const toWire = (passkey: Passkey): OutputOf<typeof removePasskey> => ({
  id: passkey.id,
  name: passkey.name,
  is_backed_up: passkey.isBackedUp,
  created_at: passkey.createdAt.toISOString(),
  last_used_at: passkey.lastUsedAt?.toISOString() ?? null,
});
