import { RE2JS } from 're2js';

import type { Find, Match } from './guardrail.ts';
import { joined } from './matches.ts';

export interface Pattern {
  readonly what: string;
  readonly pattern: string;
}

/**
 * An operator's expressions, in RE2's syntax: it has neither look-around nor back references, and takes a
 * time that grows with the text alone, whatever the expression is. Throws for one that it does not know.
 */
export function findPatterns(patterns: readonly Pattern[]): Find {
  const compiled = patterns.map(({ what, pattern }) => ({ what, re: RE2JS.compile(pattern) }));
  return (text) => {
    const found: Match[] = [];
    for (const { what, re } of compiled) {
      const matcher = re.matcher(text);
      while (matcher.find()) {
        const [start, end] = [matcher.start(), matcher.end()];
        if (end > start) found.push({ start, end, what });
      }
    }
    return found.length < 2 ? found : joined(found);
  };
}
