import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** What a listener shows: a certificate with its chain, and the key of its first. PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  readonly expiresAt: Date;
}

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Reads and checks them together. Throws an error that says which file is wrong, and how. */
export async function readServerCertificate(files: CertificateFiles): Promise<ServerCertificate> {
  const [cert, key] = await Promise.all([readText(files.certFile), readText(files.keyFile)]);
  const leaf = parse(files.certFile, 'a PEM certificate', () => new X509Certificate(cert));
  const privateKey = parse(files.keyFile, 'a PEM private key without a passphrase', () =>
    createPrivateKey(key),
  );
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new Error(`${files.keyFile}: is not the key of the certificate in ${files.certFile}`);
  }
  parse(files.certFile, 'a certificate chain that TLS can use', () =>
    createSecureContext({ cert, key }),
  );
  return { cert, key, expiresAt: leaf.validToDate };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new Error(`${file}: ${why}`, { cause });
  }
}

function parse<Value>(file: string, expected: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${file}: expected ${expected}`, { cause });
  }
}
