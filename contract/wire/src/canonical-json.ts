/** Deeper than what anybody means to send; a recursion has an end. */
const DEPTH_MAX = 64;

/** The same text for the same JSON value, in whatever order its fields came. Null: it is too deep. */
export function canonicalJson(value: unknown, depth = 0): string | null {
  if (depth > DEPTH_MAX) return null;
  if (Array.isArray(value)) {
    const items = value.map((one) => canonicalJson(one, depth + 1));
    return items.includes(null) ? null : `[${items.join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, one]) => {
        const text = canonicalJson(one, depth + 1);
        return text === null ? null : `${JSON.stringify(name)}:${text}`;
      });
    return fields.includes(null) ? null : `{${fields.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
