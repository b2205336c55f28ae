import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { basename, join, sep } from 'node:path';

const MADE = ['dist', 'generated', 'node_modules'];

/**
 * Names each file below a folder that is written, moved or removed, but for what is made from others. A watcher per
 * folder: Node's recursive one on Linux watches each file, and loses one that another was moved over, which is how
 * editors save.
 */
export function watchFolders(root: string, changed: (file: string) => void): () => void {
  const watchers = new Map<string, FSWatcher>();

  function enter(folder: string): string[] {
    const watcher = watch(folder, (event, name) => name !== null && look(event, join(folder, name)));
    watchers.set(
      folder,
      watcher.on('error', () => leave(folder)),
    );
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) return [path];
      return MADE.includes(entry.name) ? [] : enter(path);
    });
  }

  function leave(folder: string): void {
    for (const [path, watcher] of watchers) {
      if (path !== folder && !path.startsWith(folder + sep)) continue;
      watcher.close();
      watchers.delete(path);
    }
  }

  function look(event: string, path: string): void {
    if (MADE.includes(basename(path))) return;
    if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return changed(path);
    // Of a folder only its coming and going matters; one that came again needs another watcher.
    if (event !== 'rename') return;
    leave(path);
    for (const file of enterIfThere(path)) changed(file);
  }

  function enterIfThere(folder: string): string[] {
    try {
      return enter(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  enter(root);
  return () => leave(root);
}
