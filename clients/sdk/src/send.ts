/** One request as it goes out. */
export interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}

/** What came back, whole. */
export interface Incoming {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | null;
}

/** Sends one request, once. Follows no redirects; rejects when no whole answer arrived. */
export type Send = (request: Outgoing) => Promise<Incoming>;

/** By `fetch`, which every runtime has. */
export const sendByFetch: Send = async ({ url, ...request }) => {
  const response = await fetch(url, { ...request, redirect: 'manual' });
  return {
    status: response.status,
    text: await response.text(),
    header: (name) => response.headers.get(name),
  };
};
