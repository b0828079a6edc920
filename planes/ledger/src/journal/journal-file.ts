import type { Disk } from './disk.ts';
import { frameBytes, frameOf, readFrames } from './frame.ts';

/** One half of a file. It is used again when everything in it is booked. */
export interface Part {
  readonly file: JournalFile;
  readonly start: number;
  /** Records in it that the database does not have. */
  unbooked: number;
}

/** Room for a frame. */
export interface Place {
  readonly part: Part;
  readonly position: number;
  readonly generation: number;
}

/**
 * The file of one process: two parts, written in turns and from their start. Its size never changes, so
 * that a write needs no room and no entry in the file system's own log.
 */
export class JournalFile {
  readonly path: string;
  readonly #disk: Disk;
  readonly #fd: number;
  readonly #partBytes: number;
  readonly #parts: readonly [Part, Part];
  #current = 0;
  #position = 0;
  #generation = 1;

  static async create(path: string, partBytes: number, disk: Disk): Promise<JournalFile> {
    return new JournalFile(path, partBytes, { disk, fd: await disk.create(path, 2 * partBytes) });
  }

  private constructor(path: string, partBytes: number, of: { disk: Disk; fd: number }) {
    this.path = path;
    this.#disk = of.disk;
    this.#fd = of.fd;
    this.#partBytes = partBytes;
    this.#parts = [
      { file: this, start: 0, unbooked: 0 },
      { file: this, start: partBytes, unbooked: 0 },
    ];
  }

  get isBooked(): boolean {
    return this.#parts.every(({ unbooked }) => unbooked === 0);
  }

  /** Null: there is none, since the other part has records that are not booked. */
  place(textBytes: number): Place | null {
    const bytes = frameBytes(textBytes);
    if (this.#position + bytes > this.#partBytes) {
      const other = this.#parts[1 - this.#current] as Part;
      if (other.unbooked > 0 || bytes > this.#partBytes) return null;
      this.#current = 1 - this.#current;
      this.#position = 0;
      this.#generation += 1;
    }
    const part = this.#parts[this.#current] as Part;
    const position = part.start + this.#position;
    this.#position += bytes;
    return { part, position, generation: this.#generation };
  }

  write(text: string, textBytes: number, { position, generation }: Place): Promise<void> {
    return this.#disk.write(this.#fd, frameOf(text, textBytes, generation), position);
  }

  /** What is not booked stays, for whoever finds it. */
  async close(): Promise<void> {
    if (this.isBooked) await this.#disk.remove(this.path);
    await this.#disk.close(this.#fd);
  }
}

/** The records of a file whose process is gone; some of them may be booked. */
export function recordsOf(file: Buffer): string[] {
  const half = Math.floor(file.length / 2);
  return [...readFrames(file.subarray(0, half)), ...readFrames(file.subarray(half))];
}
