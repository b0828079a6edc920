import { readFile } from 'node:fs/promises';

import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** A secret from a file, for scripts, else asked for without showing it. Never a flag: shells keep those. */
export async function askSecret(
  terminal: Terminal,
  { message, file }: { readonly message: string; readonly file?: string | undefined },
): Promise<string> {
  if (file !== undefined) return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  if (!terminal.interactive) throw new UsageError(`${message}: nobody can be asked; give a file`);
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message, output: process.stderr });
  if (isCancel(answer) || !answer) throw new UsageError('nothing was given');
  return answer;
}

/** A password that is new: typed twice, as it is not shown. */
export async function askNewPassword(
  terminal: Terminal,
  file: string | undefined,
): Promise<string> {
  const chosen = await askSecret(terminal, { message: 'New password', file });
  if (file !== undefined) return chosen;
  const again = await askSecret(terminal, { message: 'The same again' });
  if (again !== chosen) throw new UsageError('the two are not the same');
  return chosen;
}

/** The code of an app or a recovery code; shown while it is typed. */
export async function askCode(terminal: Terminal, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  if (!terminal.interactive) throw new UsageError('a second factor is asked for: give --code');
  const { isCancel, text } = await import('@clack/prompts');
  const answer = await text({
    message: 'Code of your app, or a recovery code',
    output: process.stderr,
  });
  if (isCancel(answer) || !answer) throw new UsageError('no code was given');
  return answer;
}
