import { wordsOf } from '../texts/words-of.ts';

/** What is said without asking for anything. */
const CASUAL = new Set(
  (
    'hi hello hey hallo hola bonjour good morning afternoon evening night thanks thank you thx please ok okay yes no ' +
    'sure great nice cool fine bye goodbye see later how are you doing what is up there and the to so very much well ' +
    'it a all again me too'
  ).split(' '),
);
const WORDS_MAX = 6;

/** “Hello, how are you?”: no passage of any document answers that. */
export function isCasual(text: string): boolean {
  const words = wordsOf(text);
  return words.length <= WORDS_MAX && words.every((word) => CASUAL.has(word));
}
