import { createHash } from 'node:crypto';

/** One thing in an image that came from elsewhere. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** A package URL: where it came from, for whoever looks for known faults. */
  readonly purl: string;
  /** As its publisher says; an SPDX expression mostly. */
  readonly license?: string;
}

export interface Described {
  readonly name: string;
  readonly version: string;
  /** Of the commit: the same sources make the same bytes. */
  readonly madeAt: Date;
}

/** The bill of materials of an image, as CycloneDX 1.6. */
export function toCycloneDx(image: Described, components: readonly Component[]): object {
  const sorted = components.toSorted((one, other) => (one.purl < other.purl ? -1 : 1));
  const own = `pkg:oci/${image.name.split('/').at(-1)}@${image.version}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([image.name, image.version, sorted]))}`,
    version: 1,
    metadata: {
      timestamp: image.madeAt.toISOString(),
      component: { type: 'container', 'bom-ref': own, name: image.name, version: image.version },
    },
    components: sorted.map(({ name, version, purl, license }) => ({
      type: 'library',
      'bom-ref': purl,
      name,
      version,
      purl,
      ...(license === undefined ? {} : { licenses: [licenseOf(license)] }),
    })),
    dependencies: [{ ref: own, dependsOn: sorted.map(({ purl }) => purl) }],
  };
}

/** A name of one licence, or an expression of several. */
const licenseOf = (text: string): object =>
  /\s(?:OR|AND|WITH)\s|[()]/.test(text) ? { expression: text } : { license: { name: text } };

/** Made of what it describes, in the form of a random one. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
