/** What makes a secret a bad one: it was published, it is a placeholder, or it is not random. */

const PUBLISHED: ReadonlySet<string> = new Set(
  [
    'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=', // the Fernet specification
    '46BKJoQYlPPOexq0OhDZnIlNepKFf87WFwLbfzqDDho=', // a widely copied Airflow image
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7', // FastAPI's tutorial
    '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970', // Spring tutorials
    'a-string-secret-at-least-256-bits-long', // jwt.io
    'your-256-bit-secret', // jwt.io
    'qwertyuiopasdfghjklzxcvbnm123456', // jwt.io, RFC-style samples
    'super-secret-jwt-token-with-at-least-32-characters-long', // Supabase's local stack
    'sk-your-master-key', // LiteLLM's documentation
    'sk-master-key',
    'sk-1234',
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow', // RFC 7515
    'secret',
    'changeme',
    'password',
  ].map(fold),
);

/** Words of placeholders; what is left of a secret without them must still be one. */
const PLACEHOLDER =
  /change[-_ ]?(me|this|it)|replace[-_ ]?(me|this|with)?|your[-_ ]|placeholder|insecure|development|production|example|default|secret|password|passphrase|master|signing|string|private|jwt|token|key|sagewai|at[-_ ]least|characters|bits|long/gi;

/** Letters of one case, or with a capital, between other signs. */
const WORD = /(?<![A-Za-z\d])(?:[A-Z]?[a-z]{2,}|[A-Z]{3,})(?![A-Za-z\d])/g;
const WORD_BITS_PER_LETTER = 2;

const TEXT_BYTES_MIN = 32;
const ENTROPY_BITS_MIN = 128;

export const isPublished = (text: string | undefined): boolean =>
  text !== undefined && PUBLISHED.has(fold(text));

/** For `JWT_SECRET`: null when it may sign tokens, else why not, without the text. */
export function checkJwtSecret(text: string): string | null {
  if (isPublished(text)) return 'it is printed in public documentation';
  if (Buffer.byteLength(text) < TEXT_BYTES_MIN) {
    return `expected at least ${TEXT_BYTES_MIN} random bytes, as from: openssl rand -base64 48`;
  }
  const bytes = Buffer.from(text);
  if (looksRepeated(bytes) || looksCounted(bytes)) return 'it is not random';
  const rest = text.replaceAll(PLACEHOLDER, '');
  if (estimateEntropyBits(rest) < ENTROPY_BITS_MIN) {
    return 'it looks like words, not like random bytes; try: openssl rand -base64 48';
  }
  return null;
}

/** Whether it is one short piece again and again, all equal bytes included. */
export function looksRepeated(bytes: Uint8Array): boolean {
  for (let period = 1; period <= bytes.length / 2; period += 1) {
    if (bytes.every((byte, index) => byte === bytes[index % period])) return true;
  }
  return false;
}

/** Whether at least half of the steps are the same: `00 01 02 …`, `abcdef…`. */
export function looksCounted(bytes: Uint8Array): boolean {
  const steps = new Map<number, number>();
  for (let index = 1; index < bytes.length; index += 1) {
    const step = (bytes[index] ?? 0) - (bytes[index - 1] ?? 0);
    steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  return Math.max(0, ...steps.values()) >= (bytes.length - 1) / 2;
}

/** Shannon's measure over the text's own letters; what stands apart as a word counts less. */
function estimateEntropyBits(text: string): number {
  const rest = text.replaceAll(WORD, '');
  const counts = new Map<string, number>();
  for (const letter of rest) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  let bits = (text.length - rest.length) * WORD_BITS_PER_LETTER;
  for (const count of counts.values()) bits -= count * Math.log2(count / rest.length);
  return bits;
}

function fold(text: string): string {
  return text.trim().toLowerCase().replace(/=+$/, '');
}
