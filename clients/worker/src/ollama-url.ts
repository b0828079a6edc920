const PORT = 11_434;

/** `OLLAMA_HOST` as Ollama itself reads it: a bare host has its port; null when it is none. */
export function ollamaUrl(text: string): string | null {
  const hasScheme = text.includes('://');
  if (!URL.canParse(hasScheme ? text : `http://${text}`)) return null;
  const url = new URL(hasScheme ? text : `http://${text}`);
  if (!/^https?:$/.test(url.protocol) || url.hostname === '') return null;
  if (!hasScheme && url.port === '' && !/:80(\/|$)/.test(text)) url.port = String(PORT);
  // What a server listens on is not where it is reached.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  return url.toString().replace(/\/+$/, '');
}
