/** A line of JSON as a person at a terminal wants it: `12:00:01 WARN  message  key=value`. */
export function formatText(line: string): string {
  const {
    time,
    level,
    name,
    pid: _,
    message,
    ...fields
  } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([key, value]) => `  ${key}=${show(value)}`);
  const head = `${String(time).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)}`;
  return `${head} ${String(name)}: ${printable(`${String(message)}${rest.join('')}`)}\n`;
}

/** What a terminal would act upon is spelt out: a field may hold what a stranger sent. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function show(value: unknown): string {
  if (typeof value === 'string') return /[\s"]/.test(value) ? JSON.stringify(value) : value;
  const { name, message, cause } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof message !== 'string') return JSON.stringify(value);
  const because = cause === undefined ? '' : ` ← ${show(cause)}`;
  return `${name}: ${message}${because}`;
}
