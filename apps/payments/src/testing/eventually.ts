const PATIENCE_MS = 8000;
const LOOK_EVERY_MS = 15;

/** Waits for what happens in the background. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > until) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
