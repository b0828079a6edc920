export type ReadJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'mistake'; readonly why: string };

/** What somebody typed, or what is wrong with it. */
export function readJson(text: string): ReadJson {
  try {
    return { kind: 'value', value: JSON.parse(text) as unknown };
  } catch (thrown) {
    return { kind: 'mistake', why: `This is not JSON: ${(thrown as Error).message}.` };
  }
}
