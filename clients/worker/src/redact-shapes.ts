const HIDDEN = '[redacted]';

/** What reads as a secret, wherever it comes from. */
const SHAPES: readonly RegExp[] = [
  /\b(?:sk|sat|rt|wrt)-[\w.~+/-]{8,}/g,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g,
  /\bgh[pousr]_\w{20,}/g,
  /\bxox[abeprs]-[\w-]{10,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g,
  /(?<=\bbearer\s+)[\w.~+/-]{8,}=*/gi,
  /(?<=:\/\/[^\s:/@]{1,100}:)[^\s/@]{1,200}(?=@)/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** Takes out what looks like a key, a token or a password, though nobody has told that it is one. */
export function redactShapes(text: string): string {
  let safe = text;
  for (const shape of SHAPES) safe = safe.replaceAll(shape, HIDDEN);
  return safe;
}
