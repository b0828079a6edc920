import { readFileSync } from 'node:fs';

const LINE =
  /^- \{ id: (?<id>V\d+\.\d+\.\d+), level: (?<level>[12]), holds: (?<holds>yes|no|outside), what: '(?:[^']|'')+', (?<kind>test|doc|missing|why): (?<said>.+) \}$/;
const TEST = /^(?<file>\S+), name: '(?<name>(?:[^']|'')+)'$/;

export interface AsvsItem {
  readonly id: string;
  readonly level: string;
  readonly holds: string;
  /** What the line says after `what`. */
  readonly kind: string;
  readonly said: string;
}

/** The lines of docs/security/asvs.yaml; throws at one of another form. */
export function readAsvs(): AsvsItem[] {
  const lines = readFileSync('docs/security/asvs.yaml', 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const parts = LINE.exec(line)?.groups;
      if (parts === undefined) throw new Error(`not a line of asvs.yaml: ${line}`);
      return { id: '', level: '', holds: '', kind: '', said: '', ...parts };
    });
}

/** The test that an item names. */
export function testOf({ said }: AsvsItem): { readonly file: string; readonly name: string } {
  const { file = '', name = '' } = TEST.exec(said)?.groups ?? {};
  return { file, name: name.replaceAll("''", "'") };
}
