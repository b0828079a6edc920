/** What a process of ours needs from the machine; everything else of the user's stays outside. */
const KEPT = ['PATH', 'HOME', 'USER', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH'] as const;

/** An environment that names no provider, server, database or home of the user. */
export function cleanEnvironment(
  given: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept = KEPT.map((name) => [name, process.env[name]] as const);
  const all = [...kept, ...Object.entries(given)];
  return Object.fromEntries(all.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
