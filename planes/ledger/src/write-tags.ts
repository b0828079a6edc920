/**
 * As statements read them; null: none. Half a character, or U+0000, is no JSON to PostgreSQL: a call that was admitted
 * from shares could never be booked, and its holding not be given back.
 */
export function writeTags(tags: readonly string[] | undefined): string | null {
  if (tags === undefined || tags.length === 0) return null;
  return JSON.stringify(tags.map((tag) => tag.toWellFormed().replaceAll('\0', '\ufffd')));
}
