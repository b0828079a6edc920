import { hashToken, mintToken } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { RequestHead } from '@sagewai/http';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { findCredential, registerCredential } from '../credentials.sql.ts';
import { originOf } from '../sessions/check-origin.ts';
import type { SignInParts, SignInSettings } from '../sign-in/sign-in.ts';
import { letterOf } from './letter-of.ts';
import { type AccountLink, type LinkId, readLink } from './links.sql.ts';

export const LINK_KIND = 'account_link';
const LINK_PREFIX = 'link-';

export interface GivenLink {
  readonly link: AccountLink & { readonly orgId: OrganizationId };
  readonly token: string;
  readonly url: string;
  readonly byMail: boolean | undefined;
}

const sendsNone = (): Fault =>
  new Fault('state.conflict', 'this server sends no links by e-mail', {
    detail:
      'This server sends no links by e-mail: its operator has to set SMTP_URL and PUBLIC_URL.',
  });

export async function giveToken(
  tx: Tx,
  { id, orgId }: { readonly id: LinkId; readonly orgId: OrganizationId },
): Promise<string> {
  const token = mintToken(LINK_PREFIX);
  await registerCredential(tx, { hash: hashToken(token), kind: LINK_KIND, id, orgId });
  return token;
}

/** What the link is for, without using it: a password that will not do must not cost the link. */
export async function findLink(
  db: Db,
  token: string,
  kind: AccountLink['kind'],
): Promise<{ readonly orgId: OrganizationId; readonly link: AccountLink }> {
  const credential = await findCredential(db, { kind: LINK_KIND, hash: hashToken(token) });
  if (credential === null) throw notGood();
  const { orgId, id } = credential;
  const link = await inTenant(db, [orgId], (tx) => readLink(tx, id as LinkId));
  if (link === null || link.kind !== kind) throw notGood();
  return { orgId, link };
}

export const notGood = (): Fault =>
  new Fault('caller.unknown', 'the link is not good, or no longer', {
    detail: 'This link is not good, was used, or is too old. Ask for another.',
  });

/**
 * To its receiver by e-mail, or to whoever asks for it: never to both (A7). A letter has the configured address alone:
 * what a request says of where the server is, is whoever made it to say, and the letter would be from the operator.
 */
export async function give(
  { letters: known, settings }: Pick<SignInParts, 'letters' | 'settings'>,
  tx: Tx,
  of: GivenLink,
): Promise<{ token: string | null; url: string | null }> {
  const letters = settings.publicUrl === null ? null : known;
  const { link, token, url, byMail = letters !== null } = of;
  if (!byMail) return { token, url };
  if (letters === null) throw sendsNone();
  await letters.send(tx, { orgId: link.orgId, to: link.email, ...letterOf(link, url) });
  return { token: null, url: null };
}

export function urlOf(
  { publicUrl }: Pick<SignInSettings, 'publicUrl'>,
  of: {
    readonly path: string;
    readonly token: string;
    readonly request: Pick<RequestHead, 'headers' | 'isTls'>;
  },
): string {
  const { path, token, request } = of;
  const { headers, isTls } = request;
  const origin = originOf(headers, { publicUrl, isTls });
  // Pages may be below a path that an edge takes off.
  const prefix = publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
  // Behind the #: servers and proxies on the way never see it.
  return `${origin}${prefix}/${path}#${token}`;
}
