import type { PublicEgress } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';

/** Throws what is wrong with an address that a tenant names, without looking anything up. */
export function demandUrl(egress: Pick<PublicEgress, 'check'>, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== '' || url.password !== '') {
    const message = 'must be an http or https address without a user name';
    throw new Fault('request.invalid', 'a poller has no such address', {
      detail: `poller.url ${message}.`,
      mistakes: [{ part: 'body', path: '/poller/url', message }],
    });
  }
  egress.check(url.hostname, Number(url.port) || (url.protocol === 'https:' ? 443 : 80));
}
