const INDEX = /^(0|[1-9]\d{0,5})$/;

/** What stands at `words` in a value; undefined: nothing. Own fields only: a prototype is no content. */
export function readPath(value: unknown, words: readonly string[]): unknown {
  let at = value;
  for (const word of words) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (Array.isArray(at)) {
      at = INDEX.test(word) ? (at as readonly unknown[])[Number(word)] : undefined;
    } else {
      at = Object.hasOwn(at, word) ? (at as Readonly<Record<string, unknown>>)[word] : undefined;
    }
  }
  return at;
}

/** RFC 6901. */
export function readPointer(value: unknown, pointer: string): unknown {
  return readPath(value, wordsOfPointer(pointer));
}

function wordsOfPointer(pointer: string): string[] {
  const words = pointer.split('/').slice(1);
  return words.map((word) => word.replaceAll('~1', '/').replaceAll('~0', '~'));
}
