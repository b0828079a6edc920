/**
 * A payload that only its recipients can read, and a result that only its submitter can.
 *
 * The payload stands under a random content key, used once, which HPKE wraps for each recipient and for
 * the submitter. Everything else in the envelope is bound to all of these: a recipient that is added, or
 * an envelope that is moved to another project, opens nothing.
 */
import { createHmac, randomBytes } from 'node:crypto';

import { type AeadKey, aeadOpen, aeadSeal, KEY_BYTES, NONCE_BYTES } from './aead.ts';
import { HPKE_SUITE, type HpkeKeyPair, hpkeOpen, hpkeSeal } from './hpke.ts';
import { SEAL_KEY_PATTERN, sealKeyText } from './seal-key.ts';

export const RECIPIENTS_MAX = 1_000;
const VERSION = 1;
const BASE64URL = /^[\w-]+$/;

/** The content key for one holder of a key. Bytes are base64url, keys hex. */
export interface WrappedKey {
  readonly key: string;
  readonly enc: string;
  readonly wrapped: string;
}

/** Of which project a payload is. */
export interface SealedFor {
  readonly organizationId: string;
  readonly projectId: string;
}

export interface SealedEnvelope {
  readonly version: number;
  readonly suite: string;
  readonly organization_id: string;
  readonly project_id: string;
  /** The submitter, for whom the result is sealed. */
  readonly submitter: WrappedKey;
  readonly recipients: readonly WrappedKey[];
  readonly ciphertext: string;
}

export interface SealedPayload {
  readonly sealed: SealedEnvelope;
}

export type ReadSealed =
  | { readonly kind: 'clear' }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'sealed'; readonly envelope: SealedEnvelope };

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
  const head = { ...headOf(to), submitter, keys };
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

/** What anybody can say of a payload: the server, to route it. */
export function readSealed(payload: unknown): ReadSealed {
  const given = isRecord(payload) ? payload['sealed'] : undefined;
  if (!isRecord(given) || given['suite'] === undefined) return { kind: 'clear' };
  const malformed = (why: string): ReadSealed => ({ kind: 'malformed', why });
  const { version, suite, organization_id, project_id, submitter, recipients } = given;
  if (version !== VERSION) return malformed(`is of no version that is known: ${VERSION}`);
  if (suite !== HPKE_SUITE) return malformed(`is of another suite than ${HPKE_SUITE}`);
  if (Object.keys(payload as object).length !== 1) return malformed('stands beside something');
  if (typeof organization_id !== 'string' || typeof project_id !== 'string') {
    return malformed('does not say of which project it is');
  }
  const isList = Array.isArray(recipients) && recipients.length > 0;
  if (!isList || recipients.length > RECIPIENTS_MAX) {
    return malformed(`has not 1 to ${RECIPIENTS_MAX} recipients`);
  }
  const isWhole = [submitter, ...(recipients as unknown[])].every(isWrapped);
  if (!isWhole || !isBase64(given['ciphertext'])) return malformed('is not whole');
  return { kind: 'sealed', envelope: given as unknown as SealedEnvelope };
}

/** For a recipient, or for the submitter. */
export function openPayload(
  envelope: SealedEnvelope,
  pair: HpkeKeyPair,
  { organizationId, projectId }: SealedFor,
): OpenedPayload {
  const refused = (why: string): OpenedPayload => ({ kind: 'refused', why });
  if (envelope.organization_id !== organizationId || envelope.project_id !== projectId) {
    return refused('it was sealed for another project');
  }
  const key = sealKeyText(pair);
  const { submitter, recipients, ciphertext } = envelope;
  const mine = [...recipients, submitter].find((one) => one.key === key);
  if (mine === undefined) return refused(`it is not sealed for the key ${key.slice(0, 16)}…`);
  const keys = recipients.map((one) => one.key);
  const head = { ...headOf({ organizationId, projectId }), submitter: submitter.key, keys };
  const aad = aadOf(head);
  const message = { enc: bytes(mine.enc), ciphertext: bytes(mine.wrapped) };
  const contentKey = hpkeOpen(pair, message, { info: PAYLOAD, aad });
  const text = contentKey && aeadOpen(onceWith(contentKey), bytes(ciphertext), aad);
  if (contentKey === null || text === null) return refused('it was changed since it was sealed');
  try {
    return { kind: 'opened', payload: JSON.parse(text.toString()) as unknown, contentKey };
  } catch {
    return refused('what was sealed is no JSON');
  }
}

export type ResultPart = 'output' | 'error';

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
  return `${RESULT_PREFIX}${text64(enc)}.${text64(ciphertext)}`;
}

/** Null: it is of another run or part, or for somebody else, or was changed. */
export function openResult(sealed: string, pair: HpkeKeyPair, of: ResultOf): string | null {
  if (!isSealedResult(sealed)) return null;
  const [enc = '', ciphertext = ''] = sealed.slice(RESULT_PREFIX.length).split('.');
  const message = { enc: bytes(enc), ciphertext: bytes(ciphertext) };
  return hpkeOpen(pair, message, contextOf(of))?.toString() ?? null;
}

export const isSealedResult = (text: unknown): text is string =>
  typeof text === 'string' && text.startsWith(RESULT_PREFIX);

const RESULT_PREFIX = 'sealed1.';
const PAYLOAD = Buffer.from('sagewai payload 1');
const RESULT = Buffer.from('sagewai result 1');

interface Head {
  readonly version: number;
  readonly suite: string;
  readonly organization_id: string;
  readonly project_id: string;
  readonly submitter: string;
  readonly keys: readonly string[];
}

const headOf = ({ organizationId, projectId }: SealedFor) => ({
  version: VERSION,
  suite: HPKE_SUITE,
  organization_id: organizationId,
  project_id: projectId,
});

const aadOf = (head: Head): Buffer => {
  const { version, suite, organization_id, project_id, submitter, keys } = head;
  return Buffer.from(
    JSON.stringify([version, suite, organization_id, project_id, submitter, ...keys]),
  );
};

/** The content key is in it: without, a stranger could seal a result of his own for the submitter. */
function contextOf({ envelope, contentKey, runId, part }: ResultOf) {
  const { version, suite, organization_id, project_id } = envelope;
  const proof = createHmac('sha256', contentKey).update(RESULT).digest();
  return {
    info: Buffer.concat([RESULT, proof]),
    aad: Buffer.from(JSON.stringify([version, suite, organization_id, project_id, runId, part])),
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

function isWrapped(given: unknown): boolean {
  if (!isRecord(given)) return false;
  const { key, enc, wrapped } = given;
  return (
    typeof key === 'string' && SEAL_KEY_PATTERN.test(key) && isBase64(enc) && isBase64(wrapped)
  );
}

const isBase64 = (given: unknown): boolean => typeof given === 'string' && BASE64URL.test(given);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const bytes = (text: string, encoding: 'base64url' | 'hex' = 'base64url'): Buffer =>
  Buffer.from(text, encoding);

const text64 = (data: Uint8Array): string => Buffer.from(data).toString('base64url');
