/** The last lines of what a process says, whole and few enough to show. */
export interface Tail {
  add(text: string): void;
  text(): string;
}

const LINES = 8;
const CHARACTERS_MAX = 4_000;

export function createTail(): Tail {
  let kept = '';
  return {
    add: (text) => {
      kept = (kept + text).slice(-CHARACTERS_MAX);
    },
    text: () => {
      const lines = kept.trimEnd().split('\n').slice(-LINES).map(readable);
      return lines.map((line) => `  ${line}`).join('\n');
    },
  };
}

/** A line of a log is JSON; what a person wants of it is the message. */
function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { level, message, error } = JSON.parse(line) as Partial<LogLine>;
    if (message === undefined) return line;
    const cause = error?.message === undefined ? '' : ` (${error.message})`;
    return `${level ?? ''}: ${message}${cause}`;
  } catch {
    return line;
  }
}

interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly error: { readonly message?: string };
}
