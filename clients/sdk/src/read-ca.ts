import { readFile } from 'node:fs/promises';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/;

/** The certificates (PEM) of a private authority. Throws an error that names the file and what is wrong. */
export async function readCa(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new Error(`${file}: ${why}`, { cause });
  }
  if (!CERTIFICATE.test(text)) throw new Error(`${file}: expected certificates in PEM`);
  return text;
}
