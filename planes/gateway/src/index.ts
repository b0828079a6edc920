export type { SharedAnswersOptions } from './cache/shared-answers.ts';
export { amzDate, signRequest } from './providers/sign-request.ts';
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
export {
  type GatewayConfig,
  gatewayFields,
  type GatewaySettings,
  readGatewayConfig,
  type ReadGatewayConfig,
  upstreamUrls,
} from './gateway-config.ts';
export { describeModels } from './config-file/describe-models.ts';
export { type Notice, noticeText } from './config-file/section.ts';
export { healthQuestion } from './providers/list-models.ts';
export { priceOwnCall } from './models/price-own-call.ts';
export type { ModelSource, SourceCall, SourcedModel, SourcePiece } from './sources/model-source.ts';
export type { LeasePair, RunLeases } from './keys/run-reader.ts';
export { callBodyContext } from './call-bodies/call-body.ts';
export { guardrailContext } from './guardrails/stored-guardrail.ts';
export { projectCredentialContext } from './project-credentials/credential-book.ts';
export { sealedFor as keyRotationContext } from './rotation/rotation.ts';
export { storedModelContext } from './stored-models/stored-models.ts';
export { createGoogleTokens } from './providers/google-tokens.ts';
export type { StoredReferences } from './stored-models/stored-references.ts';
