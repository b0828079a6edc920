import { seal, type SealingKey } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';

import { webhookContext } from './deliver-alerts.ts';
import { newWebhookSecret } from './sign-webhook.ts';

/** A secret for a webhook, and how it is stored. */
export function sealNewSecret(
  sealing: readonly SealingKey[],
  id: string,
): { secret: string; sealed: string } {
  const [key] = sealing;
  if (key === undefined) throw new Error('there is no key to seal secrets with');
  const secret = newWebhookSecret();
  return { secret, sealed: seal(key, secret, webhookContext(id)) };
}

/** Throws what is wrong with an address, without looking anything up. */
export function demandWebhookUrl(egress: Pick<PublicEgress, 'check'>, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== '' || url.password !== '') {
    throw new Fault('request.invalid', 'the address of a webhook cannot be used', {
      detail: 'url must be an http or https address without a user name.',
    });
  }
  egress.check(url.hostname, Number(url.port) || (url.protocol === 'https:' ? 443 : 80));
}
