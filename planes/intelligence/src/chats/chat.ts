import { open, seal, type SealingKeys } from '@sagewai/crypto';
import type { MemoryBackend, OrganizationId, ProjectId } from '@sagewai/wire';

import type { Dialog, KeptVector } from '../memory/dialog.ts';

/**
 * A chat session.
 *
 *   C1. It is of one project, and so is its name: another project's of the same name is another one.
 *   C2. It has only what was answered whole: what was refused, broken off or left by its client is not in it.
 *   C3. A dialog is in it before its answer's last byte is told, so that the next call finds it.
 *   C4. What was said is sealed before it is stored.
 *   C5. A model is reminded of dialogs as what they were, in the words of user and assistant: nothing that a user said
 *       becomes an instruction of the system's.
 */
export interface Chat {
  readonly id: string;
  readonly title: string;
  readonly memory: MemoryBackend;
  readonly createdAt: Date;
  readonly activeAt: Date;
  readonly dialogs: number;
}

export interface OfProject {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

export interface SealedDialog {
  readonly id: string;
  readonly at: Date;
  readonly sealed: string;
}

export const answerId = (id: string): string => `chatcmpl-${id}`;

export const NEW_TITLE = 'New Chat';
export const TITLE_LETTERS_MAX = 60;

export const titleOf = (text: string): string =>
  Array.from(text.trim()).slice(0, TITLE_LETTERS_MAX).join('') || NEW_TITLE;

export const dialogContext = (orgId: OrganizationId, id: string): string =>
  `chat-dialog/${orgId}/${id}`;

/** C4. */
export function sealDialog(
  keys: SealingKeys,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: string },
  { user, assistant, vector }: Dialog,
): string {
  const told = { user, assistant, ...(vector === null ? {} : { vector: packed(vector) }) };
  return seal(keys[0], JSON.stringify(told), dialogContext(orgId, id));
}

export function openDialog(
  keys: SealingKeys,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: string },
  sealed: string,
): Dialog {
  const opened = open(keys, sealed, dialogContext(orgId, id));
  if (opened.kind === 'refused') throw new Error(`dialog ${id} does not open`);
  const told = JSON.parse(opened.data.toString()) as Told;
  return { ...told, vector: told.vector === undefined ? null : unpacked(told.vector) };
}

interface Told {
  readonly user: string;
  readonly assistant: string;
  readonly vector?: PackedVector;
}

interface PackedVector {
  readonly model: string;
  readonly f32: string;
}

const packed = ({ model, values }: KeptVector): PackedVector => ({
  model,
  f32: Buffer.from(Float32Array.from(values).buffer).toString('base64'),
});

function unpacked({ model, f32 }: PackedVector): KeptVector {
  const bytes = Buffer.from(f32, 'base64');
  const values = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
  return { model, values };
}
