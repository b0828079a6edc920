import { randomBytes } from 'node:crypto';

import { seal, sealingKeys } from '@sagewai/crypto';
import type { WebhookOptions } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { makesSecret } from './check-trigger.ts';
import { secretContext } from './trigger.ts';

const PATH_BYTES = 18;
const SECRET_BYTES = 32;

/** Of 144 random bits: it is found by nobody who has not been told it. */
export const newPath = (): string => randomBytes(PATH_BYTES).toString('base64url');

/** Null: its sender makes it. */
export function newSecret(options: WebhookOptions): string | null {
  if (!makesSecret(options)) return null;
  const bytes = randomBytes(SECRET_BYTES);
  return options.scheme === 'standard'
    ? `whsec_${bytes.toString('base64')}`
    : bytes.toString('base64url');
}

export function sealSecret(
  { sealingKeys: masters }: Pick<FleetParts, 'sealingKeys'>,
  id: string,
  secret: string,
): string {
  return seal(sealingKeys(masters, 'trigger')[0], secret, secretContext(id));
}
