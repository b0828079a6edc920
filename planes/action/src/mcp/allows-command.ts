/**
 * Whether the operator has named this command: program and arguments, all of them. An interpreter with free arguments
 * would be any program, with the rights of the server.
 * @param lines as `TOOL_COMMANDS` has them, words separated by blanks
 */
export function allowsCommand(lines: readonly string[], command: readonly string[]): boolean {
  return lines.some((line) => {
    const words = line.split(/\s+/).filter((word) => word !== '');
    return words.length === command.length && words.every((word, index) => word === command[index]);
  });
}
