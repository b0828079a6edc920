/**
 * Text of others (a model's answer, a name, a server's message) without what a terminal would obey;
 * lines and tabs stay.
 */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g, ' ');
}
