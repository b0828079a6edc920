export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
export {
  type GatewayConfig,
  gatewayFields,
  type GatewaySettings,
  readGatewayConfig,
  type ReadGatewayConfig,
  upstreamUrls,
} from './gateway-config.ts';
export { priceOwnCall } from './price-own-call.ts';
export { type LitellmConfig, readLitellmConfig } from './read-litellm-config.ts';
export type { LeasePair, RunLeases } from './run-reader.ts';
