// Node refuses a whole head for one character that a header may not hold.
const NOT_PLAIN = /[^\x20-\x7e]/gu;

/** A name that somebody else chose, as a header can say it: what is not ASCII is percent-encoded. */
export const headerText = (name: string): string =>
  name.toWellFormed().replace(NOT_PLAIN, (character) => encodeURIComponent(character));
