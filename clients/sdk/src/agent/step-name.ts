/** The most that a journal takes. */
const LENGTH_MAX = 90;

/** A name that a journal takes, the same each time; what is too long ends with a digest of the whole. */
export function stepName(text: string): string {
  const name = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, '?').trim();
  const signs = Array.from(name);
  if (signs.length <= LENGTH_MAX) return name;
  return `${signs.slice(0, LENGTH_MAX - 9).join('')}~${digestOf(text)}`;
}

/** FNV-1a: it tells names apart, and is no secret's. */
function digestOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
