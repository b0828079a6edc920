import type { FirstTokens } from './prepare-first-start.ts';

/** To a person, never to the log: logs are kept, copied and read by others. */
export function showTokens(
  { administrator, setup }: FirstTokens,
  { port }: { readonly port: number },
): void {
  const gateway = `--gateway http://localhost:${port}`;
  if (administrator !== null) {
    process.stderr.write(
      `\nThe administrator's token, shown this once:\n\n  ${administrator}\n\n` +
        `Keep it: sagewai login ${gateway}\n\n`,
    );
  }
  if (setup !== null) {
    process.stderr.write(
      `\nThe setup token, shown this once: it makes the account of the first owner.\n\n` +
        `  sagewai setup --setup-token ${setup} ${gateway}\n\n`,
    );
  }
}
