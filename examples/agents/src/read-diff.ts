/** Lines that a unified diff adds, by file. */
export type AddedLines = ReadonlyMap<string, ReadonlySet<number>>;

const HUNK = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** Which lines of the new files are new; of files that are gone there are none. */
export function readDiff(diff: string): AddedLines {
  const added = new Map<string, Set<number>>();
  let lines: Set<number> | null = null;
  let next = 0;
  let isInHunk = false;
  for (const line of diff.split('\n')) {
    const [, from] = HUNK.exec(line) ?? [];
    if (from !== undefined) {
      [next, isInHunk] = [Number(from), true];
    } else if (line.startsWith('diff --git ')) {
      [lines, isInHunk] = [null, false];
    } else if (!isInHunk && line.startsWith('+++ b/')) {
      lines = new Set();
      added.set(line.slice('+++ b/'.length), lines);
    } else if (isInHunk && line.startsWith('+')) {
      lines?.add(next);
      next += 1;
    } else if (isInHunk && line.startsWith(' ')) {
      next += 1;
    }
  }
  return added;
}
