export interface ListedPage {
  readonly objects: readonly { readonly key: string; readonly modifiedAt: Date }[];
  /** Null: that was the last page. */
  readonly next: string | null;
}

/** An answer to ListObjectsV2; null: it is none. */
export function readListing(xml: string): ListedPage | null {
  if (!/<ListBucketResult[\s>]/.test(xml) || !/<\/ListBucketResult>\s*$/.test(xml)) return null;
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, each = '']) => ({
    key: tagOf(each, 'Key') ?? '',
    modifiedAt: new Date(tagOf(each, 'LastModified') ?? Number.NaN),
  }));
  if (objects.some(({ modifiedAt }) => Number.isNaN(modifiedAt.getTime()))) return null;
  const isCut = tagOf(xml, 'IsTruncated') === 'true';
  const next = isCut ? tagOf(xml, 'NextContinuationToken') : null;
  return isCut && next === null ? null : { objects, next };
}

export interface S3Error {
  /** `NoSuchKey`, `SlowDown`, … */
  readonly code: string;
  /** Where the bucket is, if that was the mistake. */
  readonly region: string | null;
}

export function readS3Error(xml: string): S3Error {
  return { code: tagOf(xml, 'Code') ?? 'unknown', region: tagOf(xml, 'Region') };
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function tagOf(xml: string, name: string): string | null {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  if (text === undefined) return null;
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, entity) => {
    if (typeof hex === 'string') return String.fromCodePoint(Number.parseInt(hex, 16));
    if (typeof decimal === 'string') return String.fromCodePoint(Number(decimal));
    return ENTITIES[String(entity)] ?? whole;
  });
}
