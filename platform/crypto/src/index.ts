export { Secret } from '@sagewai/config';

export { signCompact, type VerifiedCompact, verifyCompact } from './compact-token.ts';
export {
  type JwtClaims,
  type JwtExpectation,
  signJwt,
  type VerifiedJwt,
  verifyJwt,
} from './jwt.ts';
export {
  checkMasterKey,
  deriveKey,
  fingerprintKey,
  type ParsedMasterKey,
  parseMasterKey,
} from './master-key.ts';
export { newId } from './new-id.ts';
export {
  hashPassword,
  matchPassword,
  type PasswordCost,
  type PasswordMatch,
} from './password-hash.ts';
export {
  type MasterKeys,
  open,
  type Opened,
  seal,
  type SealingKey,
  sealingKey,
  type SealingKeys,
  sealingKeys,
} from './seal.ts';
export {
  deriveSigningKey,
  generateSigningKey,
  importPublicJwk,
  jwkThumbprint,
  publicJwk,
  type PublicJwk,
  signBytes,
  type SigningKey,
  verifyBytes,
} from './signing-key.ts';
export {
  hashToken,
  mintToken,
  sameBytes,
  sameText,
  tokenHint,
  type TokenPrefix,
} from './tokens.ts';
export { base32, matchTotp, newTotpSecret, totpUri } from './totp.ts';
export { checkJwtSecret, looksCounted, looksRepeated } from './weakness.ts';
