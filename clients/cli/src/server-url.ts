import { UsageError } from './usage-error.ts';

/** The address of a server as it was typed: `localhost:8000` is `http://localhost:8000`. */
export function serverUrl(text: string): string {
  const url = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(
      `${text}: expected the address of a server, such as http://localhost:8000`,
    );
  }
  return url.replace(/\/+$/, '');
}
