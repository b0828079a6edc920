/** What a lasting key is bound to. */
export const lastingContext = (purpose: string): string => `lasting-key/${purpose}`;
