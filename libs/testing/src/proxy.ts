import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';
/** What a sender may be ahead of a slow receiver. */
const MOST_WAITING = 1 << 20;

interface Target {
  readonly host: string;
  readonly port: number;
}

type Mode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'blackhole' }
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'cut'; readonly bytes: number };

/** Stands between a program and a server it connects to, and harms the connections on request. */
export class Proxy {
  private readonly pairs = new Set<Pair>();
  private readonly server: Server;
  private mode: Mode = { kind: 'pass' };
  private listeningOn = 0;

  private constructor(private target: Target) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      const pair = new Pair(client, this.target, this.mode);
      this.pairs.add(pair);
      client.once('close', () => this.pairs.delete(pair));
    });
  }

  static async start(target: Target): Promise<Proxy> {
    const proxy = new Proxy(target);
    await proxy.listen();
    return proxy;
  }

  get port(): number {
    return this.listeningOn;
  }

  /** Ends what the other modes do; what a black hole kept back goes on its way. */
  pass(): Promise<void> {
    return this.change({ kind: 'pass' });
  }

  /** As if nothing listened there: for new connections, while the open ones live on. */
  refuse(): Promise<void> {
    return this.change({ kind: 'refuse' });
  }

  /** Nothing arrives any more, on open connections and on new ones, and nobody is told. */
  blackhole(): Promise<void> {
    return this.change({ kind: 'blackhole' });
  }

  /** In each direction. */
  latency(ms: number): Promise<void> {
    return this.change({ kind: 'latency', ms });
  }

  /** From now on each connection is reset once so many bytes came back from the target. */
  cutAfter(bytes: number): Promise<void> {
    return this.change({ kind: 'cut', bytes });
  }

  /** Resets the connections that are open now. */
  reset(): void {
    for (const pair of this.pairs) pair.reset();
  }

  /** The connections that are open now lose the target and do not hear of it; new ones are not touched. */
  halfOpen(): void {
    for (const pair of this.pairs) pair.loseTarget();
  }

  /** Leads to another target: new connections, after a reset of the open ones. */
  aim(target: Target): void {
    this.target = target;
    this.reset();
  }

  async stop(): Promise<void> {
    const closed = this.server.listening && once(this.server, 'close');
    this.server.close();
    this.reset();
    await closed;
  }

  private async change(mode: Mode): Promise<void> {
    this.mode = mode;
    for (const pair of this.pairs) pair.follow(mode);
    if (mode.kind === 'refuse') this.server.close();
    else if (!this.server.listening) await this.listen();
  }

  /** On the same port as before. */
  private async listen(): Promise<void> {
    this.server.listen(this.listeningOn, HOST);
    await once(this.server, 'listening');
    this.listeningOn = (this.server.address() as AddressInfo).port;
  }
}

export const startProxy = ({ target }: { target: Target }): Promise<Proxy> => Proxy.start(target);

/** One connection of a client and the one to the target that belongs to it. */
class Pair {
  private upstream: Socket | undefined;
  private lanes: Lane[] = [];
  private left = Infinity;

  constructor(
    private readonly client: Socket,
    private readonly target: Target,
    mode: Mode,
  ) {
    this.guard(client);
    this.follow(mode);
  }

  follow(mode: Mode): void {
    this.left = mode.kind === 'cut' ? mode.bytes : Infinity;
    // A connection that was made in a black hole reaches the target when the hole is gone.
    if (mode.kind !== 'blackhole' && this.lanes.length === 0) this.open();
    for (const lane of this.lanes)
      lane.follow(mode.kind === 'latency' ? mode.ms : 0, mode.kind === 'blackhole');
  }

  reset(): void {
    this.upstream?.resetAndDestroy();
    this.client.resetAndDestroy();
  }

  loseTarget(): void {
    this.upstream?.destroy();
    for (const lane of this.lanes) lane.swallow();
  }

  private open(): void {
    const upstream = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    this.guard(upstream);
    this.upstream = upstream;
    this.lanes = [
      new Lane(this.client, upstream, (chunk) => upstream.write(chunk)),
      new Lane(upstream, this.client, (chunk) => this.back(chunk)),
    ];
  }

  /** A side that breaks takes the other along; one that ends properly is told on by its lane. */
  private guard(side: Socket): void {
    side.on('error', () => undefined);
    side.once('close', (hadError) => hadError && this.reset());
  }

  private back(chunk: Buffer): boolean {
    const flows = this.client.write(chunk.subarray(0, Math.min(this.left, chunk.length)));
    this.left -= chunk.length;
    if (this.left <= 0) this.reset();
    return flows;
  }
}

/** One direction of a pair. */
class Lane {
  private readonly waiting: { chunk: Buffer | undefined; due: number }[] = [];
  private bytes = 0;
  private delay = 0;
  private held = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly write: (chunk: Buffer) => boolean,
  ) {
    from.on('data', (chunk: Buffer) => this.take(chunk));
    from.once('end', () => this.take(undefined));
    to.on('drain', () => this.flow());
    from.resume();
  }

  follow(delay: number, held: boolean): void {
    this.delay = delay;
    this.held = held;
    this.flow();
  }

  swallow(): void {
    this.held = false;
    this.from.removeAllListeners('data').removeAllListeners('end').resume();
  }

  /** Undefined: there is nothing more to come. */
  private take(chunk: Buffer | undefined): void {
    this.waiting.push({ chunk, due: performance.now() + this.delay });
    this.bytes += chunk?.length ?? 0;
    this.flow();
  }

  private flow(): void {
    clearTimeout(this.timer);
    while (!this.held && !this.to.writableNeedDrain) {
      const [next] = this.waiting;
      const early = next === undefined ? 0 : next.due - performance.now();
      if (early > 0) this.timer = setTimeout(() => this.flow(), early);
      if (next === undefined || early > 0) break;
      this.waiting.shift();
      this.bytes -= next.chunk?.length ?? 0;
      if (next.chunk) this.write(next.chunk);
      else this.to.end();
    }
    if (this.held || this.bytes > MOST_WAITING) this.from.pause();
    else this.from.resume();
  }
}
