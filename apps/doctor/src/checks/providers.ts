import type { Secret } from '@sagewai/config';

import { type Finding, ok, warning } from '../finding.ts';

export interface ProviderPlace {
  readonly provider: string;
  /** Up to and with the version, without a slash at the end: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly credential: Secret | null;
}

const TIMEOUT_MS = 5_000;

/** Asks each configured provider for its models: nothing is spent, and a bad key shows. */
export async function checkProviders(providers: readonly ProviderPlace[]): Promise<Finding[]> {
  if (providers.length === 0) {
    return [ok('providers', 'none is configured: the simulated provider answers')];
  }
  const distinct = new Map(
    providers.map((place) => [`${place.baseUrl} ${place.credential?.reveal() ?? ''}`, place]),
  );
  return Promise.all([...distinct.values()].map(checkProvider));
}

async function checkProvider({ provider, baseUrl, credential }: ProviderPlace): Promise<Finding> {
  const key = credential?.reveal();
  const place = `${provider} at ${new URL(baseUrl).host}`;
  try {
    const response = await fetch(`${baseUrl}/models`, {
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(key !== undefined && provider === 'anthropic'
          ? { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
          : {}),
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return judgeAnswer(place, response.status);
  } catch (error) {
    const cause: unknown = error instanceof Error ? error.cause : undefined;
    const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : 'no answer';
    return warning(
      'providers',
      `${place} cannot be reached (${String(code)})`,
      `Start it, or correct its address: curl ${baseUrl}/models. Until then its models answer 502.`,
    );
  }
}

function judgeAnswer(place: string, status: number): Finding {
  if (status === 401 || status === 403) {
    return warning('providers', `${place} refuses the key (${status})`, 'Correct its key.');
  }
  // Not every compatible provider lists its models; it answers, which is what was asked.
  if (status === 404 || status === 405) return ok('providers', `${place} answers`);
  if (status < 300) return ok('providers', `${place} answers`);
  return warning('providers', `${place} answers ${status}`, 'Correct its address, or its set-up.');
}
