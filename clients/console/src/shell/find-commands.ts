export interface Command {
  readonly name: string;
  readonly hint: string;
  readonly run: () => void;
}

const RUN_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Those with all letters of the text in order, the ones that begin with it first; a run's id leads to the run. */
export function findCommands(
  commands: readonly Command[],
  text: string,
  toRun: (id: string) => Command,
): readonly Command[] {
  const wanted = text.trim().toLowerCase();
  if (RUN_ID.test(wanted)) return [toRun(wanted)];
  const rank = ({ name }: Command): number => {
    const at = name.toLowerCase().indexOf(wanted);
    if (at >= 0) return at;
    return hasInOrder(name.toLowerCase(), wanted) ? 100 : -1;
  };
  return commands
    .map((command) => ({ command, rank: rank(command) }))
    .filter((each) => each.rank >= 0)
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ command }) => command);
}

function hasInOrder(name: string, wanted: string): boolean {
  let at = 0;
  for (const letter of name) if (letter === wanted[at]) at += 1;
  return at === wanted.length;
}
