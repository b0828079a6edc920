import type { Find, Match } from './guardrail.ts';

/** Every match of these expressions, each of which must be linear. */
export function findAll(
  rules: readonly {
    readonly what: string;
    readonly pattern: RegExp;
    readonly isReal?: (text: string) => boolean;
  }[],
): Find {
  return (text) => {
    const found: Match[] = [];
    for (const { what, pattern, isReal } of rules) {
      pattern.lastIndex = 0;
      for (const match of text.matchAll(pattern)) {
        const [matched] = match;
        if (matched === '' || isReal?.(matched) === false) continue;
        found.push({ start: match.index, end: match.index + matched.length, what });
      }
    }
    return found.length < 2 ? found : joined(found);
  };
}

/** In their order; those that overlap are one. */
export function joined(matches: readonly Match[]): Match[] {
  const out: Match[] = [];
  for (const match of matches.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = out.at(-1);
    if (last === undefined || match.start >= last.end) out.push(match);
    else if (match.end > last.end) out[out.length - 1] = { ...last, end: match.end };
  }
  return out;
}

/** The text with what was found replaced by what it is. */
export function redact(text: string, matches: readonly Match[]): string {
  let out = '';
  let from = 0;
  for (const { start, end, what } of matches) {
    out += `${text.slice(from, start)}[${what}]`;
    from = end;
  }
  return out + text.slice(from);
}
