import { createEgress, type Egress } from '@sagewai/egress';
import { type GatewayConfig, upstreamUrls } from '@sagewai/gateway';

import type { ServerConfig } from './config.ts';

/** To what the operator has named, and nowhere else (M6). */
export function createProviderEgress(config: ServerConfig, models: GatewayConfig): Egress {
  const { otelExporterOtlpEndpoint: collector } = config;
  return createEgress({
    allowed: [...upstreamUrls(models), ...(collector === null ? [] : [collector])],
    connectTimeoutMs: models.timeouts.connectMs,
    headersTimeoutMs: models.timeouts.firstByteMs,
    bodyTimeoutMs: models.timeouts.idleMs,
  });
}
