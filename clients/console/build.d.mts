/** Where the built console is. */
export const CONSOLE_DIR: string;
/** Builds it unless it is built from these sources already; returns the folder. */
export function ensureConsole(): Promise<string>;
