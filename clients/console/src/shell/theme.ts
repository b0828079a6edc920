import { createStore } from '../store.ts';

export type Theme = 'system' | 'light' | 'dark';

const NAME = 'sagewai-theme';
const isTheme = (text: string | null): text is Theme =>
  text === 'system' || text === 'light' || text === 'dark';

/** A browser keeps this, and the names of saved views; nothing else of the console. */
function kept(): Theme {
  const text = localStorage.getItem(NAME);
  return isTheme(text) ? text : 'system';
}

export const theme = createStore<Theme>(kept());

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(NAME, chosen);
  theme.set(chosen);
  showTheme();
}

export function showTheme(): void {
  const chosen = theme.get();
  if (chosen === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
}
