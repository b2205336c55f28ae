import type { Socket } from 'node:net';

/**
 * Makes a connected socket (connecting gives it Node's own `write` back) send once per turn what is written in it: each
 * write by itself is a packet of its own, which wakes the server once more.
 */
export function onePacketPerTurn<S extends Socket>(socket: S): S {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let isHeld = false;
  socket.write = (...args: unknown[]) => {
    if (!isHeld) {
      isHeld = true;
      socket.cork();
      process.nextTick(() => {
        isHeld = false;
        socket.uncork();
      });
    }
    return write(...args);
  };
  return socket;
}
