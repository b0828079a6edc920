/**
 * What a sealed payload and a sealed result look like, and what each is bound to. It computes nothing secret, so that
 * a browser, which has other cryptography than Node, says the same.
 */
export const HPKE_SUITE = 'DHKEM(X25519,HKDF-SHA256),HKDF-SHA256,ChaCha20Poly1305';
/** What names a key, and is it: the public half in 64 lower-case hex digits. */
export const SEAL_KEY_PATTERN = /^[\da-f]{64}$/;
export const RECIPIENTS_MAX = 1_000;
export const PAYLOAD_INFO = 'sagewai payload 1';
export const RESULT_INFO = 'sagewai result 1';

const VERSION = 1;
const RESULT_PREFIX = 'sealed1.';
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

export type ResultPart = 'output' | 'error';

/** Everything of an envelope that a payload is bound to. */
export interface Head {
  readonly version: number;
  readonly suite: string;
  readonly organization_id: string;
  readonly project_id: string;
  readonly submitter: string;
  readonly keys: readonly string[];
}

export const headOf = (
  { organizationId, projectId }: SealedFor,
  submitter: string,
  keys: readonly string[],
): Head => ({
  version: VERSION,
  suite: HPKE_SUITE,
  organization_id: organizationId,
  project_id: projectId,
  submitter,
  keys,
});

/** The head of an envelope, and whose wrapped key in it is the key's. A sentence: it is not for the key. */
export function findWrapped(
  { organization_id, project_id, submitter, recipients }: SealedEnvelope,
  key: string,
  of: SealedFor,
): { readonly mine: WrappedKey; readonly head: Head } | string {
  if (organization_id !== of.organizationId || project_id !== of.projectId) {
    return 'it was sealed for another project';
  }
  const mine = [...recipients, submitter].find((one) => one.key === key);
  if (mine === undefined) return `it is not sealed for the key ${key.slice(0, 16)}…`;
  const keys = recipients.map((one) => one.key);
  return { mine, head: headOf(of, submitter.key, keys) };
}

/** Additional data of the payload, and of each wrapping of its key. */
export const payloadData = (head: Head): string => {
  const { version, suite, organization_id, project_id, submitter, keys } = head;
  return JSON.stringify([version, suite, organization_id, project_id, submitter, ...keys]);
};

/** Additional data of a result: of this run, and of this part of it. */
export const resultData = (envelope: SealedEnvelope, runId: string, part: ResultPart): string => {
  const { version, suite, organization_id, project_id } = envelope;
  return JSON.stringify([version, suite, organization_id, project_id, runId, part]);
};

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

export const isSealedResult = (text: unknown): text is string =>
  typeof text === 'string' && text.startsWith(RESULT_PREFIX);

export const sealedResult = (enc: string, ciphertext: string): string =>
  `${RESULT_PREFIX}${enc}.${ciphertext}`;

export function partsOfResult(sealed: string): { enc: string; ciphertext: string } {
  const [enc = '', ciphertext = ''] = sealed.slice(RESULT_PREFIX.length).split('.');
  return { enc, ciphertext };
}

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
