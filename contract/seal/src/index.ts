export {
  isSealedResult,
  readSealed,
  RECIPIENTS_MAX,
  SEAL_KEY_PATTERN,
  type SealedEnvelope,
  type SealedFor,
  type SealedPayload,
} from './envelope.ts';
export {
  fernetDecrypt,
  fernetEncrypt,
  type FernetKey,
  fernetKey,
  fernetKeyText,
  type FernetOpened,
} from './fernet.ts';
export { type HpkeKeyPair, makeHpkeKeyPair } from './hpke.ts';
export { readSealKeyPem, sealKeyPem, sealKeyText } from './seal-key.ts';
export {
  type OpenedPayload,
  openPayload,
  openResult,
  sealPayload,
  sealResult,
} from './sealed-payload.ts';
