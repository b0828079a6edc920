/** The address itself when an Ollama answers there, else null. */
export async function findOllama(url: string): Promise<string | null> {
  const address = url.replace(/\/+$/, '');
  try {
    const response = await fetch(`${address}/api/tags`, { signal: AbortSignal.timeout(1_000) });
    const { models } = (await response.json()) as { models?: unknown };
    return response.ok && Array.isArray(models) ? address : null;
  } catch {
    return null;
  }
}
