import { isObject } from '@sagewai/translate';

/** What a provider has sealed of its thinking (or of a conversation that it shortened), among items of Responses. */
export function sealedIn(items: unknown): string[] {
  if (!Array.isArray(items)) return [];
  return (items as readonly unknown[]).flatMap((item) => {
    const sealed = isObject(item) ? item['encrypted_content'] : undefined;
    return typeof sealed === 'string' && sealed !== '' ? [sealed] : [];
  });
}

const REFUSED = /encrypted content\b.{0,200}\bcould not be (?:verified|decrypted|parsed)/is;

/** Whether a refusal means that another account has sealed it. */
export function isSealRefused(words: Buffer): boolean {
  const text = words.toString();
  return text.includes('invalid_encrypted_content') || REFUSED.test(text);
}
