import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHUNK = Buffer.alloc(1_048_576);

/** A folder that is moved to a disk of its own, which can be filled. Linux alone, and root's. */
export class SmallDisk {
  private readonly folder: string;
  /** Not beside the folder: whoever removes that could not remove a disk. */
  private readonly disk = mkdtempSync(join(tmpdir(), 'order-system-disk-'));
  private readonly away: string;
  private readonly unmount = () => {
    spawnSync('umount', ['--lazy', this.disk]);
    rmSync(this.disk, { recursive: true, force: true });
  };

  constructor(folder: string) {
    this.folder = folder;
    this.away = `${folder}.away`;
  }

  static isPossible = (): boolean =>
    process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0;

  /** With so many megabytes left. */
  async moveIn(room: number): Promise<void> {
    const taken = Number.parseInt(execFileSync('du', ['-sm', this.folder], { encoding: 'utf8' }), 10);
    const size = `size=${taken + room}m,mode=755`;
    execFileSync('mount', ['--types', 'tmpfs', '--options', size, 'tmpfs', this.disk]);
    // A run that is given up leaves no disk behind.
    process.once('exit', this.unmount);
    execFileSync('cp', ['--archive', this.folder, `${this.disk}/data`]);
    await rename(this.folder, this.away);
    await symlink(`${this.disk}/data`, this.folder);
  }

  async moveOut(): Promise<void> {
    await rm(this.folder);
    await rm(this.away, { recursive: true });
    await this.empty();
    execFileSync('cp', ['--archive', `${this.disk}/data`, this.folder]);
    this.unmount();
    process.off('exit', this.unmount);
  }

  /** To the last byte. */
  async fill(): Promise<void> {
    const file = await open(`${this.disk}/ballast`, 'w');
    try {
      for (;;) await file.write(CHUNK);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error;
    } finally {
      await file.close();
    }
  }

  async empty(): Promise<void> {
    await rm(`${this.disk}/ballast`, { force: true });
  }
}
