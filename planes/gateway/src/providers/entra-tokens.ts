import type { Dispatcher } from 'undici';

import type { Authorize, EntraClient } from './authorization.ts';
import { keepToken, postForm } from './kept-token.ts';
import { readBearer } from './read-bearer.ts';

/** Access tokens of an application that is registered at Microsoft Entra ID (RFC 6749, 4.4). */
export function createEntraTokens(
  client: EntraClient,
  { connections, now }: { connections: Pick<Dispatcher, 'request'>; now: () => number },
): Authorize {
  const whose = `the client ${client.clientId}`;
  return keepToken(async () => {
    const at = now();
    const text = await postForm(connections, {
      url: client.tokenUrl,
      whose,
      fields: {
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.secret.reveal(),
        scope: client.scope,
      },
    });
    return readBearer(text, { whose, at });
  }, now);
}
