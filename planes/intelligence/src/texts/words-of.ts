const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu;

/** In so many texts that they tell nothing apart. */
const COMMON = new Set(
  (
    'a an and are as at be been but by can could did do does for from had has have he her his how i if in ' +
    'into is it its me my no not of on or our she so that the their them then there they this to us was ' +
    'we were what when where which who why will with would you your'
  ).split(' '),
);

/** The words of a text in order, as they are compared. */
export function wordsOf(text: string): string[] {
  return (text.normalize('NFKC').toLowerCase().match(WORD) ?? []).map((word) =>
    word.replace(/['’].*$/u, ''),
  );
}

/** Without those that every text has. */
export const tellingWordsOf = (text: string): string[] =>
  wordsOf(text).filter((word) => word.length > 1 && !COMMON.has(word));
