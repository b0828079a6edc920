/**
 * A7. What a call was given and what it answered is sealed, under a key of its own that is sealed with the operator's:
 * the operator's is replaced row by row, and what was dropped with its row cannot be read in the object store either.
 */
import { createSecretKey, hash, randomBytes } from 'node:crypto';

import { open, seal, type SealingKey, type SealingKeys } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { ObjectStore } from '@sagewai/objects';
import type { OrganizationId } from '@sagewai/wire';

import type { Outcome } from './outcome.ts';
import type { CallEnd, ToolCall } from './tool-call.ts';

export interface CallName {
  readonly orgId: OrganizationId;
  readonly id: string;
}

const KEY_BYTES = 32;

export const callContext = ({ orgId, id }: CallName): string => `tool-call/${orgId}/${id}`;
export const blobKey = ({ orgId, id }: CallName, digest: string): string =>
  `${orgId}/tool-call/${id}/${digest}`;

const ownKey = (bytes: Uint8Array): SealingKey => ({ id: 'call', key: createSecretKey(bytes) });
const part = (name: CallName, what: string): string => `${callContext(name)}/${what}`;

export function sealArguments(
  keys: SealingKeys,
  name: CallName,
  text: string,
): Pick<ToolCall, 'sealedKey' | 'argumentsSealed'> {
  const bytes = randomBytes(KEY_BYTES);
  return {
    sealedKey: seal(keys[0], bytes, callContext(name)),
    argumentsSealed: seal(ownKey(bytes), text, part(name, 'arguments')),
  };
}

/** Opens and seals what belongs to one call. Throws where the operator's key is another one. */
export class CallContents {
  readonly #key: SealingKey;
  readonly #name: CallName;

  constructor(keys: SealingKeys, name: CallName, sealedKey: string) {
    const opened = open(keys, sealedKey, callContext(name));
    if (opened.kind === 'refused') {
      throw new Fault('service.unavailable', `the key of the call ${name.id} does not open`, {
        detail:
          'What this call holds cannot be read here: it was sealed with another SAGEWAI_ENCRYPTION_KEY.',
      });
    }
    this.#key = ownKey(opened.data);
    this.#name = name;
  }

  seal(what: 'message' | 'result', text: string): string {
    return seal(this.#key, text, part(this.#name, what));
  }

  open(what: 'arguments' | 'message' | 'result', sealed: string): string | null {
    const opened = open([this.#key], sealed, part(this.#name, what));
    return opened.kind === 'opened' ? opened.data.toString('utf8') : null;
  }

  /** As it is to be stored; a large result is in the object store when this returns. */
  async keep(
    outcome: Outcome,
    of: { readonly objects: ObjectStore; readonly inlineBytesMax: number },
  ): Promise<CallEnd> {
    const none = { resultSealed: null, resultDigest: null, resultBytes: null, isBlob: false };
    if (outcome.kind !== 'completed') {
      const { kind: state, error, message } = outcome;
      return { state, error, messageSealed: this.seal('message', message), ...none };
    }
    const resultDigest = hash('sha256', outcome.result, 'hex');
    const resultBytes = Buffer.byteLength(outcome.result);
    const sealed = this.seal('result', outcome.result);
    const isBlob = resultBytes > of.inlineBytesMax;
    if (isBlob) await of.objects.put(blobKey(this.#name, resultDigest), Buffer.from(sealed));
    const resultSealed = isBlob ? null : sealed;
    return {
      state: 'completed',
      error: null,
      messageSealed: null,
      resultSealed,
      resultDigest,
      resultBytes,
      isBlob,
    };
  }

  /** JSON; null as well when it is gone, or is not what was stored. */
  async read(
    call: Pick<ToolCall, 'resultSealed' | 'resultDigest' | 'isBlob'>,
    objects: ObjectStore,
  ): Promise<unknown> {
    if (call.resultDigest === null) return null;
    const sealed = call.isBlob
      ? (await objects.get(blobKey(this.#name, call.resultDigest)))?.toString()
      : call.resultSealed;
    const text = sealed == null ? null : this.open('result', sealed);
    const isWhole = text !== null && hash('sha256', text, 'hex') === call.resultDigest;
    return isWhole ? (JSON.parse(text) as unknown) : null;
  }
}
