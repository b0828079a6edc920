/**
 * A payload that only its recipients can read, and a result that only its submitter can.
 *
 * The payload stands under a random content key, used once, which HPKE wraps for each recipient and for
 * the submitter. Everything else in the envelope is bound to all of these: a recipient that is added, or
 * an envelope that is moved to another project, opens nothing.
 */
import { createHmac, randomBytes } from 'node:crypto';

import { type AeadKey, aeadOpen, aeadSeal, KEY_BYTES, NONCE_BYTES } from './aead.ts';
import {
  findWrapped,
  type Head,
  headOf,
  isSealedResult,
  partsOfResult,
  PAYLOAD_INFO,
  payloadData,
  RESULT_INFO,
  resultData,
  type ResultPart,
  SEAL_KEY_PATTERN,
  type SealedEnvelope,
  type SealedFor,
  type SealedPayload,
  sealedResult,
  type WrappedKey,
} from './envelope.ts';
import { type HpkeKeyPair, hpkeOpen, hpkeSeal } from './hpke.ts';
import { sealKeyText } from './seal-key.ts';

export type OpenedPayload =
  | { readonly kind: 'opened'; readonly payload: unknown; readonly contentKey: Uint8Array }
  | { readonly kind: 'refused'; readonly why: string };

/** Null: one of the recipients' keys is none. */
export function sealPayload(
  payload: unknown,
  to: SealedFor & { readonly recipients: readonly string[]; readonly submitter: HpkeKeyPair },
): SealedPayload | null {
  const keys = [...new Set(to.recipients)].toSorted();
  const submitter = sealKeyText(to.submitter);
  const head = headOf(to, submitter, keys);
  const contentKey = randomBytes(KEY_BYTES);
  const wrapped = [submitter, ...keys].map((key) => wrap(contentKey, key, head));
  const [own, ...recipients] = wrapped.filter((one) => one !== null);
  if (own === undefined || recipients.length !== keys.length || keys.length === 0) return null;
  const text = Buffer.from(JSON.stringify(payload));
  const ciphertext = aeadSeal(onceWith(contentKey), text, aadOf(head)).toString('base64url');
  contentKey.fill(0);
  const { version, suite, organization_id, project_id } = head;
  return {
    sealed: {
      version,
      suite,
      organization_id,
      project_id,
      submitter: own,
      recipients,
      ciphertext,
    },
  };
}

/** For a recipient, or for the submitter. */
export function openPayload(
  envelope: SealedEnvelope,
  pair: HpkeKeyPair,
  of: SealedFor,
): OpenedPayload {
  const refused = (why: string): OpenedPayload => ({ kind: 'refused', why });
  const found = findWrapped(envelope, sealKeyText(pair), of);
  if (typeof found === 'string') return refused(found);
  const { mine, head } = found;
  const aad = aadOf(head);
  const message = { enc: bytes(mine.enc), ciphertext: bytes(mine.wrapped) };
  const contentKey = hpkeOpen(pair, message, { info: PAYLOAD, aad });
  const text = contentKey && aeadOpen(onceWith(contentKey), bytes(envelope.ciphertext), aad);
  if (contentKey === null || text === null) return refused('it was changed since it was sealed');
  try {
    return { kind: 'opened', payload: JSON.parse(text.toString()) as unknown, contentKey };
  } catch {
    return refused('what was sealed is no JSON');
  }
}

interface ResultOf {
  readonly envelope: SealedEnvelope;
  readonly contentKey: Uint8Array;
  readonly runId: string;
  readonly part: ResultPart;
}

/** For the submitter, by somebody who could open the payload: whoever could not can make none. */
export function sealResult(text: string, of: ResultOf): string {
  const to = bytes(of.envelope.submitter.key, 'hex');
  const sealed = hpkeSeal(to, Buffer.from(text), contextOf(of));
  if (sealed === null) throw new Error("the submitter's key is none"); // its payload did not open
  const { enc, ciphertext } = sealed;
  return sealedResult(text64(enc), text64(ciphertext));
}

/** Null: it is of another run or part, or for somebody else, or was changed. */
export function openResult(sealed: string, pair: HpkeKeyPair, of: ResultOf): string | null {
  if (!isSealedResult(sealed)) return null;
  const { enc, ciphertext } = partsOfResult(sealed);
  const message = { enc: bytes(enc), ciphertext: bytes(ciphertext) };
  return hpkeOpen(pair, message, contextOf(of))?.toString() ?? null;
}

const PAYLOAD = Buffer.from(PAYLOAD_INFO);
const RESULT = Buffer.from(RESULT_INFO);

const aadOf = (head: Head): Buffer => Buffer.from(payloadData(head));

/** The content key is in it: without, a stranger could seal a result of his own for the submitter. */
function contextOf({ envelope, contentKey, runId, part }: ResultOf) {
  const proof = createHmac('sha256', contentKey).update(RESULT).digest();
  return {
    info: Buffer.concat([RESULT, proof]),
    aad: Buffer.from(resultData(envelope, runId, part)),
  };
}

function wrap(contentKey: Uint8Array, key: string, head: Head): WrappedKey | null {
  if (!SEAL_KEY_PATTERN.test(key)) return null;
  const sealed = hpkeSeal(bytes(key, 'hex'), contentKey, { info: PAYLOAD, aad: aadOf(head) });
  if (sealed === null) return null;
  return { key, enc: text64(sealed.enc), wrapped: text64(sealed.ciphertext) };
}

/** The key encrypts one message, so its nonce may be any. */
const onceWith = (key: Uint8Array): AeadKey => ({ key, nonce: new Uint8Array(NONCE_BYTES) });

const bytes = (text: string, encoding: 'base64url' | 'hex' = 'base64url'): Buffer =>
  Buffer.from(text, encoding);

const text64 = (data: Uint8Array): string => Buffer.from(data).toString('base64url');
