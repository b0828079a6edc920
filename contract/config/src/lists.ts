/** `a, b,,c` is a, b and c, each once, in order. */
export function parseList(text: string): string[] {
  return [...new Set(text.split(',').map((each) => each.trim()))].filter((each) => each !== '');
}

/** `region=us-east-1,tier=production`; null when a part has no key or names one twice. */
export function parseLabels(text: string): Record<string, string> | null {
  const labels = new Map<string, string>();
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (key === undefined || value === undefined || labels.has(key)) return null;
    labels.set(key, value);
  }
  return Object.fromEntries(labels);
}

export const formatLabels = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
