export {
  fernetDecrypt,
  fernetEncrypt,
  type FernetKey,
  fernetKey,
  fernetKeyText,
  type FernetOpened,
} from './fernet.ts';
export { type HpkeKeyPair, makeHpkeKeyPair } from './hpke.ts';
export { readSealKeyPem, SEAL_KEY_PATTERN, sealKeyPem, sealKeyText } from './seal-key.ts';
export {
  isSealedResult,
  type OpenedPayload,
  openPayload,
  openResult,
  readSealed,
  RECIPIENTS_MAX,
  type SealedEnvelope,
  type SealedFor,
  type SealedPayload,
  sealPayload,
  sealResult,
} from './sealed-payload.ts';
