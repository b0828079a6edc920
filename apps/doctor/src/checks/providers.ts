import { type Finding, ok, warning } from '../finding.ts';

export interface ProviderPlace {
  readonly name: string;
  /** Up to and including `/v1`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks each configured provider for its models: nothing is spent, and a bad key shows. */
export async function checkProviders(providers: readonly ProviderPlace[]): Promise<Finding[]> {
  if (providers.length === 0) {
    return [ok('providers', 'none is configured: the simulated provider answers')];
  }
  return Promise.all(providers.map(checkProvider));
}

async function checkProvider({ name, url, headers }: ProviderPlace): Promise<Finding> {
  try {
    const response = await fetch(`${url}/models`, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(5_000),
    });
    await response.arrayBuffer();
    if (response.ok) return ok('providers', `${name} answers at ${new URL(url).host}`);
    const found = `${name} answers ${response.status} at ${new URL(url).host}`;
    const mend =
      response.status === 401 || response.status === 403
        ? `Correct the key of ${name}.`
        : `Correct the address of ${name}.`;
    return warning('providers', found, mend);
  } catch (error) {
    const cause: unknown = error instanceof Error ? error.cause : undefined;
    const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : 'no answer';
    return warning(
      'providers',
      `${name} cannot be reached at ${new URL(url).host} (${String(code)})`,
      'Start it, or correct its address; until then its models answer 502.',
    );
  }
}
