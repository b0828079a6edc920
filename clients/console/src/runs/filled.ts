/** Of a form's fields, those that were filled: texts, and whole numbers. */
export function filled(
  data: (name: string) => string,
  texts: readonly string[],
  numbers: readonly string[] = [],
): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    [...texts, ...numbers].flatMap((name) => {
      const value = data(name).trim();
      return value === '' ? [] : [[name, numbers.includes(name) ? Number(value) : value]];
    }),
  );
}
