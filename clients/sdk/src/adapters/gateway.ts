import { NoEndpoint } from '../agent/resolve-endpoint.ts';
import { currentInference } from '../agent/scope.ts';

/** What frameworks call `baseURL` and `apiKey`. */
export interface OpenAiAddress {
  readonly baseURL: string;
  readonly apiKey: string;
}

/** The gateway that the run is from, with the run's own token: for whatever speaks chat completions. */
export function gatewayAddress(): OpenAiAddress {
  const { gateway } = currentInference();
  if (gateway === undefined)
    throw new NoEndpoint('no run is under way whose gateway could be called');
  return { baseURL: `${gateway.url}/v1`, apiKey: gateway.token };
}
