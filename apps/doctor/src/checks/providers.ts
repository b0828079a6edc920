import { healthQuestion } from '@sagewai/server';

import { type Finding, ok, warning } from '../finding.ts';

export type ProviderPlace = Parameters<typeof healthQuestion>[0];

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

async function checkProvider(endpoint: ProviderPlace): Promise<Finding> {
  const { host, origin } = new URL(endpoint.baseUrl);
  const place = `${endpoint.provider} at ${host}`;
  const question = healthQuestion(endpoint);
  if (question === null) {
    return ok('providers', `${place} is not asked: it answers nothing for nothing`);
  }
  const url = origin + question.path;
  try {
    const response = await fetch(url, {
      headers: question.headers,
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
      `Start it, or correct its address: curl ${url}. Until then its models answer 502.`,
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
  if (status === 429) {
    return warning('providers', `${place} answers 429`, 'It asks for patience: look again later.');
  }
  return warning('providers', `${place} answers ${status}`, 'Correct its address, or its set-up.');
}
