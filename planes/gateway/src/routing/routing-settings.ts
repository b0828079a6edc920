import { DEFAULT_ROUTING, type Routing } from './routing.ts';

/** As by default, and as the settings say. */
export function routingOf(settings: {
  readonly deploymentCooldownMs: number;
  readonly modelRetryBackoffMs: number;
  readonly modelRetryWaitMaxMs: number;
}): Routing {
  return {
    ...DEFAULT_ROUTING,
    cooldownMs: settings.deploymentCooldownMs,
    retry: {
      ...DEFAULT_ROUTING.retry,
      backoffMs: settings.modelRetryBackoffMs,
      waitMsMax: settings.modelRetryWaitMaxMs,
    },
  };
}
