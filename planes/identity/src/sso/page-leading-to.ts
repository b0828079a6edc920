const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * O7. A page of ours that goes on by itself. A browser keeps a strict cookie back from a redirect that
 * another site began, but sends it with what our own page leads to.
 */
export function pageLeadingTo(path: string): string {
  const safe = path.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${safe}"><title>Signed in</title><p><a href="${safe}">You are signed in: go on.</a></p></html>
`;
}
