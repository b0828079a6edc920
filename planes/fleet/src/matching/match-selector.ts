/** A label selector of Kubernetes, as a HorizontalPodAutoscaler sends it. Null: it is none. */
export function parseSelector(text: string): Requirement[] | null {
  const requirements: Requirement[] = [];
  // A comma inside parentheses belongs to a set.
  for (const part of text.split(/,(?![^(]*\))/)) {
    const trimmed = part.trim();
    if (trimmed === '') continue;
    const requirement = parseRequirement(trimmed);
    if (requirement === null) return null;
    requirements.push(requirement);
  }
  return requirements;
}

export interface Requirement {
  readonly label: string;
  readonly kind: 'in' | 'not in' | 'exists' | 'missing';
  readonly values: readonly string[];
}

const NAME = String.raw`[A-Za-z0-9](?:[\w./-]*[A-Za-z0-9])?`;
const SET = new RegExp(String.raw`^(${NAME})\s+(in|notin)\s*\(([^()]*)\)$`);
const EQUALITY = new RegExp(String.raw`^(${NAME})\s*(==|=|!=)\s*([^\s=!,()]*)$`);
const PRESENCE = new RegExp(String.raw`^(!?)\s*(${NAME})$`);

function parseRequirement(text: string): Requirement | null {
  const set = SET.exec(text);
  if (set !== null) {
    const [, label = '', how, values = ''] = set;
    const kind = how === 'in' ? 'in' : 'not in';
    return { label, kind, values: values.split(',').map((value) => value.trim()) };
  }
  const equality = EQUALITY.exec(text);
  if (equality !== null) {
    const [, label = '', how, value = ''] = equality;
    return { label, kind: how === '!=' ? 'not in' : 'in', values: [value] };
  }
  const presence = PRESENCE.exec(text);
  if (presence === null) return null;
  const [, not, label = ''] = presence;
  return { label, kind: not === '!' ? 'missing' : 'exists', values: [] };
}

/** Whether labels meet all requirements. What is missing is in no set. */
export function matches(
  labels: Readonly<Record<string, string>>,
  requirements: readonly Requirement[],
): boolean {
  return requirements.every(({ label, kind, values }) => {
    const value = Object.hasOwn(labels, label) ? labels[label] : undefined;
    if (kind === 'exists') return value !== undefined;
    if (kind === 'missing') return value === undefined;
    return (value !== undefined && values.includes(value)) === (kind === 'in');
  });
}
