/** One name that a module gives to others, as its source says it. */
export interface ExportedName {
  readonly name: string;
  /** Where it is declared. */
  readonly file: string;
  /** What stands before it, without the marks of a comment. */
  readonly comment: string;
  /** Its declaration, without what a function or a method does. */
  readonly signature: string;
}

/** Reads a file, by its path. */
export type ReadSource = (file: string) => string;

const LIST = /^export (?:type )?\{([^}]*)\} from '([^']+)';/gm;

/**
 * What an `index.ts` gives to others: it is a list of names with the files that they are from. The source is read as the
 * formatter leaves it: a declaration begins a line, and what closes it begins a line.
 */
export function readExports(index: string, read: ReadSource): ExportedName[] {
  const names = [...read(index).matchAll(LIST)].flatMap(([, list = '', from = '']) =>
    list
      .split(',')
      .map((name) => name.replace(/^\s*type\s/, '').trim())
      .filter((name) => name !== '')
      .map((name) => ({ name, from })),
  );
  return names.map(({ name, from }) => {
    if (!from.startsWith('.')) return { name, file: from, comment: '', signature: '' };
    const file = new URL(from, `file:///${index}`).pathname.slice(1);
    return { name, file, ...declarationOf(name, read(file), { file, read }) };
  });
}

function declarationOf(
  name: string,
  source: string,
  of: { readonly file: string; readonly read: ReadSource },
): Pick<ExportedName, 'comment' | 'signature'> {
  const lines = source.split('\n');
  const starts = new RegExp(
    `^export (?:async )?(?:abstract )?(?:function\\*?|class|interface|type|const) ${name}\\b`,
  );
  const at = lines.findIndex((line) => starts.test(line));
  if (at === -1) return followed(name, source, of);
  return { comment: commentBefore(lines, at), signature: signatureFrom(lines, at) };
}

/** What a file passes on from another one. */
function followed(
  name: string,
  source: string,
  { file, read }: { readonly file: string; readonly read: ReadSource },
): Pick<ExportedName, 'comment' | 'signature'> {
  for (const [, list = '', from = ''] of source.matchAll(LIST)) {
    const isIn = list.split(',').some((one) => one.replace(/^\s*type\s/, '').trim() === name);
    if (!isIn || !from.startsWith('.')) continue;
    const next = new URL(from, `file:///${file}`).pathname.slice(1);
    return declarationOf(name, read(next), { file: next, read });
  }
  throw new Error(`${file} does not declare ${name}`);
}

function commentBefore(lines: readonly string[], at: number): string {
  if (!lines[at - 1]?.trimEnd().endsWith('*/')) return '';
  const from = lines.findLastIndex((line, before) => before < at && line.startsWith('/**'));
  return lines
    .slice(from, at)
    .map((line) => line.replace(/^\s*\/?\*+\/?\s?/, '').replace(/\s*\*\/$/, ''))
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function signatureFrom(lines: readonly string[], at: number): string {
  const first = lines[at] ?? '';
  if (/^export (?:async )?function/.test(first)) return headFrom(lines, at);
  if (first.startsWith('export const')) return constantFrom(lines, at);
  if (/^export (?:abstract )?class/.test(first)) return classFrom(lines, at);
  const isShort = first.endsWith(';') || first.endsWith('}');
  const end =
    first.startsWith('export interface') && !isShort ? closingLine(lines, at) : lastLine(lines, at);
  return lines.slice(at, end + 1).join('\n');
}

/** To the line with which the body begins. Of overloads only the last: it has all of them. */
function headFrom(lines: readonly string[], at: number): string {
  const end = lines.findIndex((line, n) => n >= at && opensBody(line));
  return lines
    .slice(at, end + 1)
    .join('\n')
    .replace(/ \{$/, ';')
    .replace('export async function', 'export function');
}

/** And not an object's type, or its pattern. */
const opensBody = (line: string): boolean => line.endsWith(' {') && !/[(<:=] \{$/.test(line);

/** A constant's value is told where it is short. */
function constantFrom(lines: readonly string[], at: number): string {
  const end = lines.findIndex((line, n) => n >= at && line.endsWith(';'));
  return lines.slice(at, end + 1).join('\n');
}

function classFrom(lines: readonly string[], at: number): string {
  if (lines[at]?.endsWith('{}')) return lines[at];
  const end = closingLine(lines, at);
  const members: string[] = [];
  for (let n = at + 1; n < end; n += 1) {
    const line = lines[n] ?? '';
    const isMember = /^ {2}(?:(?:override |readonly |static |async |get )*[\w*[]|\/\*\*)/.test(
      line,
    );
    if (!isMember || line.includes('#')) continue;
    if (line.includes('/**')) {
      const close = lines.findIndex((one, m) => m >= n && one.trimEnd().endsWith('*/'));
      // The comment of what is nobody else's is not told either.
      if (!/^ {2}(?:async )?#/.test(lines[close + 1] ?? '')) {
        members.push(...lines.slice(n, close + 1));
      }
      n = close;
    } else if (line.endsWith(';')) {
      members.push(line);
    } else {
      const last = lines.findIndex((one, m) => m >= n && opensBody(one));
      members.push(...lines.slice(n, last + 1).map((one) => one.replace(/ \{$/, ';')));
      n = last;
    }
  }
  return [lines[at], ...members, '}'].join('\n').replaceAll('  async ', '  ');
}

const closingLine = (lines: readonly string[], at: number): number =>
  lines.findIndex((line, n) => n > at && line.startsWith('}'));

/** The formatter leaves an empty line between declarations that take several, and none within a type. */
const lastLine = (lines: readonly string[], at: number): number => {
  if (lines[at]?.endsWith(';')) return at;
  const empty = lines.findIndex((line, n) => n > at && line === '');
  return (empty === -1 ? lines.length : empty) - 1;
};
