import type { RequestHead } from '@sagewai/http';

import { originOf } from '../sessions/check-origin.ts';
import type { PasskeySite } from './check-passkey.ts';

/** The site that passkeys are made for: this server, as browsers reach it. */
export function siteOf(
  { headers, isTls }: Pick<RequestHead, 'headers' | 'isTls'>,
  { publicUrl }: { readonly publicUrl: string | null },
): PasskeySite {
  const origin = originOf(headers, { publicUrl, isTls });
  return { origin, rpId: new URL(origin).hostname };
}
