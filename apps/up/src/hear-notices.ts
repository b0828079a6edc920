import { StringDecoder } from 'node:string_decoder';

/** As the server logs it, a line for each thing that its models file says and that is not done. */
const NOTICE = 'the models file says something that is not done';
// A server that says no line for so long says nothing of this.
const CHARACTERS_MAX = 100_000;

/** Hears a server's log as it comes, and tells what of its models file is left out: a person looks here first. */
export function hearNotices(tell: (text: string) => void): (bytes: Buffer) => void {
  const decoder = new StringDecoder();
  let rest = '';
  return (bytes) => {
    const lines = (rest + decoder.write(bytes)).split('\n');
    rest = (lines.pop() ?? '').slice(-CHARACTERS_MAX);
    for (const line of lines) {
      const told = line.includes(NOTICE) ? readNotice(line) : null;
      if (told !== null) tell(told);
    }
  };
}

function readNotice(line: string): string | null {
  let notice: { readonly message?: unknown; line?: unknown; path?: unknown; what?: unknown };
  try {
    notice = JSON.parse(line) as typeof notice;
  } catch {
    return null;
  }
  const { message, line: at, path, what } = notice;
  if (message !== NOTICE || typeof what !== 'string') return null;
  const place = typeof path === 'string' && path !== '' ? `${path}: ` : '';
  return `Models file, line ${String(Number(at))}: ${place}${what}`;
}
