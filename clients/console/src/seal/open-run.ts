import {
  findWrapped,
  isSealedResult,
  partsOfResult,
  PAYLOAD_INFO,
  payloadData,
  readSealed,
  RESULT_INFO,
  resultData,
  type ResultPart,
  type SealedEnvelope,
} from '@sagewai/seal/envelope';

import { type Bytes, bytesOf, concat, fromBase64, textOf } from './bytes.ts';
import { aeadOpen, hmac, hpkeOpen, NONCE_BYTES } from './hpke-open.ts';
import type { SealKey } from './seal-key.ts';

/** Of a run, what may be sealed. */
export interface SealedRun {
  readonly id: string;
  readonly organization_id: string;
  readonly project_id: string;
  readonly payload: unknown;
  readonly output: unknown;
  readonly error: string | null;
}

export type OpenedRun =
  | {
      readonly kind: 'opened';
      readonly payload: unknown;
      readonly output: unknown;
      readonly error: string | null;
      /** Of one of its attempts. */
      readonly openError: (sealed: string) => Promise<string | null>;
    }
  | { readonly kind: 'refused'; readonly why: string };

const refused = (why: string): OpenedRun => ({ kind: 'refused', why });

/** What the run was given and has answered, in clear, for whom it was sealed. */
export async function openRun(run: SealedRun, key: SealKey): Promise<OpenedRun> {
  const read = readSealed(run.payload);
  if (read.kind !== 'sealed') return refused('Its payload is not sealed as this page knows it.');
  const { envelope } = read;
  const contentKey = await contentKeyOf(envelope, key, run);
  if (typeof contentKey === 'string') return refused(contentKey);
  const { aad, bytes } = contentKey;
  const ciphertext = fromBase64(envelope.ciphertext) ?? new Uint8Array();
  const text = aeadOpen(bytes, new Uint8Array(NONCE_BYTES), { ciphertext, aad });
  if (text === null) return refused('It was changed since it was sealed.');

  const open = (sealed: string, part: ResultPart): Promise<string | null> =>
    openResult(sealed, key, { envelope, contentKey: bytes, runId: run.id, part });
  const clear = { output: run.output, error: run.error };
  if (isSealedResult(run.output)) {
    const output = await open(run.output, 'output');
    if (output === null) return refused('Its output is not sealed for this key.');
    clear.output = JSON.parse(output) as unknown;
  }
  if (isSealedResult(run.error)) {
    clear.error = await open(run.error, 'error');
    if (clear.error === null) return refused('Its error is not sealed for this key.');
  }
  const payload = JSON.parse(textOf(text)) as unknown;
  return { kind: 'opened', payload, ...clear, openError: (sealed) => open(sealed, 'error') };
}

/** A sentence: it is not for this key. */
async function contentKeyOf(
  envelope: SealedEnvelope,
  key: SealKey,
  { organization_id: organizationId, project_id: projectId }: SealedRun,
): Promise<{ readonly bytes: Bytes; readonly aad: Bytes } | string> {
  const found = findWrapped(envelope, key.text, { organizationId, projectId });
  if (typeof found === 'string') return `${found[0]?.toUpperCase() ?? ''}${found.slice(1)}.`;
  const aad = bytesOf(payloadData(found.head));
  const message = messageOf(found.mine.enc, found.mine.wrapped);
  const bytes = await hpkeOpen(key, message, { info: bytesOf(PAYLOAD_INFO), aad });
  return bytes === null ? 'It was changed since it was sealed.' : { bytes, aad };
}

async function openResult(
  sealed: string,
  key: SealKey,
  of: {
    readonly envelope: SealedEnvelope;
    readonly contentKey: Bytes;
    readonly runId: string;
    readonly part: ResultPart;
  },
): Promise<string | null> {
  const { enc, ciphertext } = partsOfResult(sealed);
  // Whoever cannot open the payload cannot make a result that opens.
  const proof = await hmac(of.contentKey, bytesOf(RESULT_INFO));
  const text = await hpkeOpen(key, messageOf(enc, ciphertext), {
    info: concat(bytesOf(RESULT_INFO), proof),
    aad: bytesOf(resultData(of.envelope, of.runId, of.part)),
  });
  return text === null ? null : textOf(text);
}

const messageOf = (enc: string, ciphertext: string): { enc: Bytes; ciphertext: Bytes } => ({
  enc: fromBase64(enc) ?? new Uint8Array(),
  ciphertext: fromBase64(ciphertext) ?? new Uint8Array(),
});
