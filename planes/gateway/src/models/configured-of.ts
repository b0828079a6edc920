import type { GatewayConfig } from '../gateway-config.ts';
import { SIMULATED_DEPLOYMENTS } from '../providers/simulated.ts';
import type { CatalogueOptions } from './catalogue.ts';

/** What a configuration says one by one. */
export function configuredOf({
  deployments,
  simulated,
  routing: { aliases },
}: Pick<GatewayConfig, 'deployments' | 'simulated' | 'routing'>): Pick<
  CatalogueOptions,
  'deployments' | 'aliases'
> {
  return { deployments: [...deployments, ...(simulated ? SIMULATED_DEPLOYMENTS : [])], aliases };
}
