import { randomUUID } from 'node:crypto';

import { createClient, type SagewaiClient } from '@sagewai/sdk';

import type { Person } from './teams.ts';

export interface Invited {
  readonly url: string;
  readonly administrator: SagewaiClient;
  readonly organization: string;
  readonly role: string;
  /** In this project alone. */
  readonly project?: string;
}

/** Invites somebody, accepts as they would, and signs in with the password that they chose. */
export async function signInAs(
  { email, name }: Person,
  { url, administrator, organization, role, project }: Invited,
): Promise<(project?: string) => SagewaiClient> {
  const invitation = await administrator.call('identity.createInvitation', {
    body: { email, role, ...(project !== undefined && { project }) },
  });
  const stranger = createClient({ url });
  const password = `${randomUUID()} ${randomUUID()}`;
  await stranger.call('identity.acceptInvitation', {
    body: { token: invitation.token ?? '', name, password },
  });
  const signedIn = await stranger.call('identity.signIn', {
    body: { email, password, organization, deliver: 'body' },
  });
  if (signedIn.kind !== 'signed_in' || signedIn.session === null) {
    throw new Error(`${email} is not signed in`);
  }
  const token = signedIn.session;
  return (named) => createClient({ url, token, ...(named !== undefined && { project: named }) });
}
