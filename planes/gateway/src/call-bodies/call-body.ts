import { open, seal, type SealingKeys } from '@sagewai/crypto';
import type { OrganizationId, ProjectId, ReservationId } from '@sagewai/wire';

/**
 * What a call asked and was answered, kept beside its spend row.
 *
 *   I1. Nothing is kept unless its project says so; another project's are not there.
 *   I2. It is sealed before it is stored, for its organization, its call and its side.
 *   I3. What a guardrail took out is in neither: the request is the one that was let through, the answer the one that
 *       its client was told.
 *   I4. No call waits for it, or fails by it; and all together have bounded room in memory.
 */
export interface CallBody {
  readonly callId: ReservationId;
  readonly projectId: ProjectId;
  readonly at: Date;
  readonly dropAt: Date;
  readonly sealedRequest: string;
  readonly sealedAnswer: string | null;
  readonly requestBytes: bigint;
  readonly answerBytes: bigint;
  readonly isCut: boolean;
}

export type Side = 'request' | 'answer';

interface Name {
  readonly orgId: OrganizationId;
  readonly callId: string;
  readonly side: Side;
}

export const callBodyContext = ({ orgId, callId, side }: Name): string =>
  `call-body/${orgId}/${callId}/${side}`;

/** I2. */
export const sealBody = (keys: SealingKeys, name: Name, data: Uint8Array): string =>
  seal(keys[0], data, callBodyContext(name));

export function openBody(keys: SealingKeys, name: Name, sealed: string): string {
  const opened = open(keys, sealed, callBodyContext(name));
  if (opened.kind === 'refused')
    throw new Error(`the ${name.side} of call ${name.callId} does not open`);
  return opened.data.toString();
}

const TEXT = /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|ndjson|jsonl|x-ndjson)\b)/i;

/** Sound, pictures and forms are no texts. */
export const isText = (contentType: unknown): boolean =>
  TEXT.test(
    typeof contentType === 'string' && contentType !== '' ? contentType : 'application/json',
  );
