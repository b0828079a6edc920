import type { RequestHead } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import type { AccountId } from '@sagewai/wire';

import { type Challenge, spend } from '../sign-in/challenge.ts';
import { checkAssertion } from './check-passkey.ts';
import { siteOf } from './passkey-site.ts';
import { lockPasskey, notePasskeyUse } from './passkeys.sql.ts';

export interface GivenAssertion {
  readonly id: string;
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
  };
}

export type ProvedPasskey =
  | { readonly kind: 'proved'; readonly accountId: AccountId }
  | { readonly kind: 'refused'; readonly accountId: AccountId | null; readonly why: string };

/** Whose passkey has answered the challenge; the challenge is answered from then on (A5). */
export async function provePasskey(
  tx: Tx,
  given: GivenAssertion,
  of: {
    readonly challenge: Challenge;
    readonly request: Pick<RequestHead, 'headers' | 'isTls'>;
    readonly publicUrl: string | null;
  },
): Promise<ProvedPasskey> {
  const kept = await lockPasskey(tx, Buffer.from(given.id, 'base64url'));
  if (kept === null) return { kind: 'refused', accountId: null, why: 'no such passkey' };
  const { accountId, publicKey, signCount } = kept;
  const site = siteOf(of.request, of);
  const proof = checkAssertion(given.response, {
    site,
    challenge: of.challenge.nonce,
    publicKey,
    signCount,
  });
  if (proof.kind === 'refused') return { kind: 'refused', accountId, why: proof.why };
  await spend(tx, of.challenge);
  await notePasskeyUse(tx, { ...proof, id: kept.id });
  return { kind: 'proved', accountId };
}
