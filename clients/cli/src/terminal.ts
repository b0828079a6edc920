import { plainText } from './plain-text.ts';

/** What a command writes to: results to stdout, everything else to stderr. */
export interface Terminal {
  /** A result. With `--json` it is JSON and nothing else reaches stdout. */
  out(text: string): void;
  /** Progress, notices, advice. */
  note(text: string): void;
  /** Replaces the last progress line; nothing when stderr is no terminal. */
  progress(text: string): void;
  /** Whether somebody is there who can be asked. */
  readonly interactive: boolean;
}

/** `plain` (`NO_COLOR`, `--json`) draws no progress. */
export function processTerminal({ plain }: { plain: boolean }): Terminal {
  const live = process.stderr.isTTY && !plain;
  let drawn = 0;
  const clear = (): void => {
    if (drawn > 0) process.stderr.write(`\r${' '.repeat(drawn)}\r`);
    drawn = 0;
  };
  return {
    out: (text) => {
      clear();
      process.stdout.write(`${plainText(text)}\n`);
    },
    note: (text) => {
      clear();
      process.stderr.write(`${plainText(text)}\n`);
    },
    progress: (text) => {
      if (!live) return;
      clear();
      process.stderr.write(text);
      drawn = text.length;
    },
    interactive: Boolean(process.stdin.isTTY && process.stderr.isTTY),
  };
}
