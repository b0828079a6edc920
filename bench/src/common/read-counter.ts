/** The sum of a counter's series, as the server tells it now; 0 while it has none. */
export async function readCounter(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return sumOf(text, name);
}

export function sumOf(text: string, name: string): number {
  const lines = text.split('\n').filter((line) => new RegExp(`^${name}(?:\\{| )`).test(line));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
