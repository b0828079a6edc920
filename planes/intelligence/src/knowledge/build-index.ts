import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';

import type { OfProject } from '../chats/chat.ts';
import type { IntelligenceParts } from '../intelligence-options.ts';
import type { Embed } from '../models/embed.ts';
import { beginBuild, dropBuild, finishBuild, insertPassages } from './knowledge.sql.ts';
import { packVector } from './pack-vector.ts';
import type { Document, Passage } from './passage.ts';
import { splitDocument } from './split-document.ts';

const PASSAGES_AT_ONCE = 64;

export interface Build {
  readonly documents: readonly Document[];
  readonly source: string;
  readonly by: string;
  /** Null: whoever builds calls no models (K5), and words are all there is. */
  readonly as: Pick<StreamInput, 'caller' | 'request'> | null;
}

/** K2. */
export async function buildOf(
  parts: IntelligenceParts & { readonly embed: Embed },
  of: OfProject,
  build: Build,
): Promise<void> {
  const { db, settings, embed } = parts;
  const passages = build.documents.flatMap(splitDocument);
  if (passages.length > settings.passagesMax) throw tooMuch(settings.passagesMax);
  const generation = newId<string>();
  await inTenant(db, [of.orgId], (tx) => beginBuild(tx, of, generation));
  try {
    let model: string | null = null;
    for (let from = 0; from < passages.length; from += PASSAGES_AT_ONCE) {
      const some = passages.slice(from, from + PASSAGES_AT_ONCE);
      const made = build.as === null ? null : await embed(build.as, some.map(textOf));
      model = made?.[0]?.model ?? null;
      const vectors = some.map((_, at) => {
        const values = made?.[at]?.values;
        return values === undefined ? null : packVector(values);
      });
      const isOurs = await inTenant(db, [of.orgId], (tx) =>
        insertPassages(tx, of, { generation, from, passages: some, vectors }),
      );
      // Nobody pays for the vectors of a build that comes to nothing.
      if (!isOurs) throw overtaken();
    }
    const isLast = await inTenant(db, [of.orgId], (tx) =>
      finishBuild(tx, of, {
        generation,
        documents: build.documents.length,
        chunks: passages.length,
        bytes: BigInt(build.documents.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)),
        embeddingModel: model,
        source: build.source,
        builtBy: build.by,
      }),
    );
    if (!isLast) throw overtaken();
  } catch (error) {
    await inTenant(db, [of.orgId], (tx) => dropBuild(tx, of, generation)).catch(() => undefined);
    throw error;
  }
}

const textOf = ({ heading, body }: Passage): string =>
  heading === '' ? body : `${heading}\n${body}`;

export const tooMuch = (passagesMax: number): Fault =>
  new Fault('request.too_large', 'more documents than an index takes', {
    detail: `An index has at most ${passagesMax} passages of about 1,200 letters.`,
  });

const overtaken = (): Fault =>
  new Fault('state.conflict', 'another build began, or the index was deleted', {
    detail: 'Another build began, or the index was deleted: this one was given up.',
  });
