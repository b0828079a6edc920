/** What a provider is asked for, whatever its format. */
export type Wish = 'text' | 'calls' | 'forced' | 'json';

export const SAID = 'It is warm in Paris.';
export const DATA = { city: 'Paris', degrees: 21 };
export const CITIES: readonly string[] = ['Paris', 'Oslo'];
export const TOKENS = { input: 30, output: 12 };
const PIECES = ['It is ', 'warm ', 'in Paris.'];

export type Json = Record<string, unknown>;
export const objects = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

export const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
export const named = (value: Json): string => `event: ${String(value['type'])}\n${data(value)}`;

export function wishOf(of: {
  readonly isForced: boolean;
  readonly calls: boolean;
  readonly isJson: boolean;
}): Wish {
  if (of.calls) return of.isForced ? 'forced' : 'calls';
  return of.isJson ? 'json' : 'text';
}

export function argumentsFor(wish: Wish): readonly Json[] {
  if (wish === 'forced') return [DATA];
  return wish === 'calls' ? CITIES.map((city) => ({ city })) : [];
}

export const contentFor = (wish: Wish): string => (wish === 'json' ? JSON.stringify(DATA) : SAID);
export const piecesFor = (wish: Wish): string[] =>
  wish === 'json' ? halves(contentFor(wish)) : PIECES;
export const halves = (text: string): string[] => [text.slice(0, 6), text.slice(6)];
