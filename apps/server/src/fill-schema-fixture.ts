/** The part of JSON Schema that the contract's schemas are made of. */
export interface Shape {
  readonly type?: string;
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly minItems?: number;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
}

/** Whether a text can stand somewhere in what the schema describes. */
export function canHold(shape: Shape, text: string): boolean {
  return JSON.stringify(fillSchema(shape, text, true)).includes(text);
}

/** Something that fits the schema, with the text wherever it may stand; `deep`: optional fields too. */
export function fillSchema(shape: Shape, text: string, deep = false): unknown {
  if ('const' in shape) return shape.const;
  if (shape.anyOf) {
    const [first] = shape.anyOf;
    const fitting = shape.anyOf.find((each) => canHold(each, text)) ?? first;
    return fitting && fillSchema(fitting, text, deep);
  }
  if (shape.type === 'string') return fillText(shape, text);
  if (shape.type === 'integer' || shape.type === 'number') return shape.minimum ?? 1;
  if (shape.type === 'boolean') return true;
  if (shape.type === 'null') return null;
  if (shape.type === 'array') return shape.items ? [fillSchema(shape.items, text, deep)] : [];
  const { properties = {}, required = [] } = shape;
  const names = Object.keys(properties).filter((name) => deep || required.includes(name));
  return Object.fromEntries(
    names.map((name) => [name, fillSchema(properties[name] ?? {}, text, deep)]),
  );
}

const SAMPLES = [
  'name',
  'DIRECT',
  'a=b',
  '10.0.0.1',
  '1',
  'new@people.test',
  'https://203.0.113.1/x',
  '* * * * *',
  '2026-01-01',
  'model:generateContent',
];

function fillText({ format, pattern, maxLength = Infinity }: Shape, text: string): string {
  if (format === 'date-time') return '2026-01-01T00:00:00Z';
  if (text.length > maxLength) return 'short'.slice(0, maxLength);
  if (pattern === undefined || new RegExp(pattern, 'u').test(text)) return text;
  return SAMPLES.find((each) => new RegExp(pattern, 'u').test(each)) ?? 'name';
}
