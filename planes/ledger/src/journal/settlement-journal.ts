/**
 * A file of this replica in which settlements are durable before the database has them (M2).
 *
 *   J1. A caller is answered when its settlement is durable, here or in the database.
 *   J2. What is here is booked once: by this process, or by whoever finds the file when it is gone.
 *   J3. A file is deleted, and a part of it written again, only when all that is in it is booked.
 *   J4. A journal that cannot take a settlement says so, and the database is waited for: when a write
 *       has failed, when there is no room, and when too much is not booked.
 */
import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';

import { type Disk, localDisk } from './disk.ts';
import { JournalFile, type Part, recordsOf } from './journal-file.ts';
import type { JournalMeters } from './journal-meters.ts';
import type { JournalSettings } from './journal-settings.ts';
import { becomeOwner, findAbandoned, type Owner, removeSocket, unlessGone } from './owner.ts';

export interface JournalOptions {
  readonly settings: JournalSettings;
  readonly log: Log;
  readonly clock: Clock;
  readonly meters: JournalMeters;
  readonly disk?: Disk;
  /** Books what another process left; resolves when all of it is booked. */
  readonly replay: (lines: readonly string[]) => Promise<void>;
}

/** A settlement that was given to the journal. */
export interface Entry {
  readonly record: string;
  readonly onDurable: () => void;
  /** Where it is; null until it is written. */
  part: Part | null;
  isDurable: boolean;
  isBooked: boolean;
}

export class SettlementJournal {
  readonly #options: JournalOptions;
  readonly #disk: Disk;
  readonly #tick: NodeJS.Timeout;
  #owner: Owner | null = null;
  #file: JournalFile | null = null;
  /** After a failed write: no more is written to them, and they go when all in them is booked. */
  readonly #retired = new Set<JournalFile>();
  #files = 0;
  /** That there is no file has been said. */
  #isMissing = false;
  #waiting: Entry[] = [];
  #writing: Promise<void> | null = null;
  #isScheduled = false;
  #writtenMs = -Infinity;
  #unbooked = 0;
  #keepingUp: Promise<void>;
  #isClosed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#disk = options.disk ?? localDisk;
    this.#keepingUp = this.#keepUp();
    this.#tick = setInterval(() => {
      this.#keepingUp = this.#keepingUp.then(() => this.#keepUp());
    }, options.settings.lookEveryMs);
    this.#tick.unref();
    options.meters.backlog(() => this.#unbooked);
  }

  /** What is durable here may be booked with more of its kind. */
  get gather(): { readonly ms: number; readonly count: number } {
    const { gatherMs, gatherCount } = this.#options.settings;
    return { ms: gatherMs, count: gatherCount };
  }

  /** Null: the database must be waited for (J4). */
  append(record: string, onDurable: () => void): Entry | null {
    const { settings } = this.#options;
    if (this.#file === null || this.#isClosed) return this.#refuse('broken');
    if (this.#unbooked >= settings.backlogMax) return this.#refuse('backlog');
    const entry: Entry = { record, onDurable, part: null, isDurable: false, isBooked: false };
    this.#unbooked += 1;
    this.#waiting.push(entry);
    this.#writeSoon();
    return entry;
  }

  /** The database has it, or nobody waits for it any more. */
  booked(entry: Entry): void {
    if (entry.isBooked) return;
    entry.isBooked = true;
    this.#unbooked -= 1;
    if (entry.part === null) return;
    entry.part.unbooked -= 1;
    const { file } = entry.part;
    if (this.#retired.has(file) && file.isBooked) this.#drop(file);
  }

  /** After the last settlement: what is not booked stays in the file. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#tick);
    await this.#keepingUp;
    while (this.#writing !== null) await this.#writing;
    if (this.#unbooked > 0) {
      const { log } = this.#options;
      log.warn('settlements stay in the journal; the next start books them', {
        settlements: this.#unbooked,
      });
    }
    const files = [...this.#retired, ...(this.#file ? [this.#file] : [])];
    this.#file = null;
    await Promise.all(files.map((file) => file.close()));
    await this.#owner?.release();
  }

  #refuse(why: 'broken' | 'backlog'): null {
    this.#options.meters.fellBack(why, 1);
    return null;
  }

  /** At once when nothing was written lately; else what comes meanwhile goes along. */
  #writeSoon(): void {
    if (this.#isScheduled || this.#writing !== null) return;
    this.#isScheduled = true;
    const { clock, settings } = this.#options;
    const waitMs = settings.writeEveryMs - (clock.monotonicMs() - this.#writtenMs);
    const start = (): void => {
      this.#isScheduled = false;
      this.#writing = this.#write().finally(() => {
        this.#writing = null;
        if (this.#waiting.length > 0) this.#writeSoon();
      });
    };
    if (waitMs <= 0) setImmediate(start);
    else setTimeout(start, waitMs);
  }

  async #write(): Promise<void> {
    const { clock, log, meters } = this.#options;
    const entries = this.#waiting.filter(({ isBooked }) => !isBooked);
    this.#waiting = [];
    const file = this.#file;
    if (entries.length === 0 || file === null) return;
    this.#writtenMs = clock.monotonicMs();
    const text = entries.map(({ record }) => record).join('\n');
    const textBytes = Buffer.byteLength(text);
    const place = file.place(textBytes);
    if (place === null) return meters.fellBack('full', entries.length);
    place.part.unbooked += entries.length;
    for (const entry of entries) entry.part = place.part;
    try {
      await file.write(text, textBytes, place);
    } catch (error) {
      log.error('the journal of settlements cannot be written; the database is waited for', {
        error,
        file: file.path,
      });
      meters.fellBack('broken', entries.length);
      // What a failed write has left on the disk nobody knows.
      this.#file = null;
      this.#isMissing = true;
      if (file.isBooked) this.#drop(file);
      else this.#retired.add(file);
      return;
    }
    meters.wrote((clock.monotonicMs() - this.#writtenMs) / 1_000);
    for (const entry of entries) {
      entry.isDurable = true;
      entry.onDurable();
    }
  }

  #drop(file: JournalFile): void {
    this.#retired.delete(file);
    file.close().catch((error: unknown) => {
      this.#options.log.warn('a file of the journal could not be removed', { error });
    });
  }

  /** Who is not seen is taken for dead, and its file is anybody's: it goes on under another name, in another file. */
  async #stayOwner(): Promise<void> {
    const [owner, file] = [this.#owner, this.#file];
    if (owner === null || (await owner.isSeen(file?.path ?? null))) return;
    const { log, settings } = this.#options;
    log.warn('the socket or the file of the journal was removed; it begins another', {
      directory: settings.directory,
    });
    this.#owner = null;
    this.#file = null;
    if (file !== null) {
      if (file.isBooked) this.#drop(file);
      else this.#retired.add(file);
    }
    await owner.release();
  }

  /** Makes the file when there is none, and books what processes that are gone have left. Never rejects. */
  async #keepUp(): Promise<void> {
    if (this.#isClosed) return;
    const { settings, log } = this.#options;
    try {
      await this.#stayOwner();
      this.#owner ??= await becomeOwner(settings.directory);
      if (this.#file === null) {
        const path = this.#owner.pathOf(this.#files++);
        this.#file = await JournalFile.create(path, settings.partBytes, this.#disk);
        if (this.#isMissing) log.info('the journal of settlements is back', { file: path });
        this.#isMissing = false;
      }
    } catch (error) {
      if (!this.#isMissing)
        log.error('there is no journal of settlements; the database is waited for', {
          error,
          directory: settings.directory,
        });
      this.#isMissing = true;
    }
    if (this.#owner === null) return;
    const { directory } = settings;
    const later = (error: unknown): string[] => {
      log.warn('what was left in a journal could not be booked yet', { error, directory });
      return [];
    };
    const left = await findAbandoned(directory, this.#owner.name).catch(later);
    for (const path of left) await this.#adopt(path).catch(later);
  }

  /** J2, J3. Two that take the same one over book each record once all the same. */
  async #adopt(path: string): Promise<void> {
    const { settings, log, meters, replay } = this.#options;
    const lines = recordsOf(await this.#disk.read(path));
    await replay(lines);
    await this.#disk.remove(path).catch(unlessGone);
    await removeSocket(settings.directory, path);
    meters.replayed(lines.length);
    log.info('settlements of a process that is gone were found in its journal', {
      settlements: lines.length,
      file: path,
    });
  }
}
