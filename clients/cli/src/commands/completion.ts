import { Argument, Command } from 'commander';

import type { Surroundings } from '../context.ts';

/** Each asks `sagewai __complete` for what may stand at the cursor. */
export const SCRIPTS = {
  bash: `_sagewai() {
  local IFS=$'\\n'
  COMPREPLY=( $(compgen -W "$(sagewai __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}") )
}
complete -F _sagewai sagewai`,
  zsh: `#compdef sagewai
_sagewai() {
  local -a found
  found=("\${(@f)$(sagewai __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
compdef _sagewai sagewai`,
  fish: `complete -c sagewai -f -a '(sagewai __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
} as const;

type Shell = keyof typeof SCRIPTS;

export function completionCommand({ terminal }: Surroundings): Command {
  return new Command('completion')
    .description('Print what makes a shell complete commands, ids, pools and models')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
Examples:
  source <(sagewai completion bash)                                  in ~/.bashrc
  source <(sagewai completion zsh)                                   in ~/.zshrc
  sagewai completion fish > ~/.config/fish/completions/sagewai.fish`,
    )
    .action((shell: Shell) => terminal.out(SCRIPTS[shell]));
}
