import { Socket } from 'node:net';

/**
 * Sends once per turn what is written in it: pg uncorks after each statement, and every packet of its own wakes the
 * server once more.
 */
export class TurnSocket extends Socket {
  private isHeld = false;

  override uncork(): void {
    if (!this.isHeld) {
      this.isHeld = true;
      this.cork();
      process.nextTick(() => {
        this.isHeld = false;
        super.uncork();
      });
    }
    super.uncork();
  }
}
