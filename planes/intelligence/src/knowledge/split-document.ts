import type { Document, Passage } from './passage.ts';

const LETTERS_MAX = 1_200;
/** It stands with each of its passages. */
const HEADING_LETTERS_MAX = 200;
const HEADING_MARK = /^#{1,6}\s/;
const FENCE = /^\s*(?:```|~~~)/;

/** A document in passages: by its headings, then by paragraphs, and by letters where a paragraph has no end. */
export function splitDocument({ path, text }: Document): Passage[] {
  const passages: Passage[] = [];
  for (const { heading, lines } of sectionsOf(text)) {
    for (const body of bodiesOf(lines.join('\n'))) {
      passages.push({ path, heading, chunk: passages.length, body });
    }
  }
  return passages;
}

function sectionsOf(text: string): { heading: string; lines: string[] }[] {
  const sections = [{ heading: '', lines: [] as string[] }];
  let isCode = false;
  for (const line of text.split(/\r?\n/)) {
    if (FENCE.test(line)) isCode = !isCode;
    const heading = isCode ? null : headingIn(line);
    if (heading === null) sections.at(-1)?.lines.push(line);
    else sections.push({ heading, lines: [] });
  }
  return sections;
}

/** Without a pattern for all of it: one takes hours over a line of a million spaces, and everybody waits. */
function headingIn(line: string): string | null {
  const [mark] = HEADING_MARK.exec(line) ?? [];
  if (mark === undefined) return null;
  let end = line.trimEnd().length;
  while (end > mark.length && line[end - 1] === '#') end--;
  const heading = line.slice(mark.length, end).trim().slice(0, HEADING_LETTERS_MAX).trim();
  return heading === '' ? null : heading;
}

function bodiesOf(text: string): string[] {
  const bodies: string[] = [];
  let open = '';
  for (const paragraph of text.split(/\n{2,}/).flatMap(pieces)) {
    if (open !== '' && open.length + paragraph.length > LETTERS_MAX) {
      bodies.push(open);
      open = '';
    }
    open = open === '' ? paragraph : `${open}\n\n${paragraph}`;
  }
  if (open !== '') bodies.push(open);
  return bodies;
}

function pieces(paragraph: string): string[] {
  const text = paragraph.trim();
  const cut: string[] = [];
  for (let at = 0; at < text.length; at += LETTERS_MAX) cut.push(text.slice(at, at + LETTERS_MAX));
  return cut;
}
