import { Command, InvalidArgumentError } from 'commander';

import { type ConnectionFlags, type Context, createContext, type Surroundings } from './context.ts';

/** A command that talks to the server: with the flags that say which one, and how to print. */
export function serverCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--gateway <url>', 'the server (SAGEWAI_URL; else the last login)')
    .option('--url <url>', 'the same as --gateway')
    .option('--token <token>', 'an access token (SAGEWAI_TOKEN; else the last login)')
    .option(
      '--ca-file <file>',
      'trust this private authority too (SAGEWAI_CA_FILE; else the last login)',
    )
    .option('--org <name>', 'the organization, for tokens that may choose')
    .option('--project <name>', 'the project; its name or id')
    .option('--json', 'print the result as JSON');
}

/** A group of commands, with examples of how they are used. */
export function group(
  name: string,
  description: string,
  { commands, examples }: { commands: readonly Command[]; examples: readonly string[] },
): Command {
  const lines = examples.map((example) => `  ${example}`).join('\n');
  const command = new Command(name)
    .description(description)
    .addHelpText('after', `\nExamples:\n${lines}`);
  for (const each of commands) command.addCommand(each);
  return command;
}

/** Runs a command's work with what it needs; commander itself knows nothing of servers. */
export function act<Flags extends ConnectionFlags>(
  command: Command,
  around: Surroundings,
  work: (context: Context, flags: Flags, words: readonly string[]) => Promise<void>,
): Command {
  return command.action(async (...given: unknown[]) => {
    const flags = command.opts<Flags>();
    await work(await createContext(flags, around), flags, given.slice(0, -2) as string[]);
  });
}

export function integer(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('expected a whole number');
  }
  return value;
}

/** An argument that names one thing; an empty one (an unset shell variable) names nothing. */
export function id(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') throw new InvalidArgumentError('expected an id');
  return trimmed;
}

/** What lists name restricts; an empty one (an unset shell variable) would restrict nothing. */
export function list(text: string): string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) throw new InvalidArgumentError('expected one or more, by comma');
  return items;
}
