import { hashToken, open, type SealingKey } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';

/** The kind under which connections stand in `credential`: a browser names one before it is anybody's. */
export const CONNECTION_KIND = 'oidc_connection';

/** What the look-up knows a connection by. */
export const connectionKey = (id: string): Buffer => hashToken(`oidc-connection/${id}`);

/** O6. A sealed secret opens for its own connection alone. */
export const sealedContext = (id: string): string => `oidc-connection/${id}`;

export function openSecret(
  sealing: readonly SealingKey[],
  id: string,
  sealed: string | null,
): string | null {
  if (sealed === null) return null;
  const opened = open(sealing, sealed, sealedContext(id)); // O6
  if (opened.kind === 'refused') {
    throw new Fault('service.broken', `the secret of connection ${id} does not open`);
  }
  return opened.data.toString('utf8');
}
