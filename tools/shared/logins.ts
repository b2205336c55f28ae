import { SERVERS } from './servers.ts';

const WITHIN_MS = 5_000;

const LOGINS: Record<keyof typeof SERVERS, (url: string) => Promise<unknown>> = {
  postgres: logIntoPostgres,
  rabbitmq: logIntoRabbitmq,
  redis: logIntoRedis,
};

export interface Refusal {
  readonly why: string;
  readonly remedy: string;
}

/** What a server that answers says to our login; undefined when it lets us in. */
export function refusalOf(name: keyof typeof SERVERS): Promise<Refusal | undefined> {
  return Promise.race([
    LOGINS[name](SERVERS[name].url).then(
      () => undefined,
      (error: Error) => readRefusal(name, error),
    ),
    new Promise<Refusal>((resolve) =>
      setTimeout(() => resolve(readRefusal(name, new Error('it says nothing'))), WITHIN_MS).unref(),
    ),
  ]);
}

/** Certificates of an authority that Node does not know. */
const UNKNOWN_AUTHORITY = /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_.+)$/;

/** In one line: what OpenSSL says of a server without TLS has several. */
export function readRefusal(name: keyof typeof SERVERS, error: NodeJS.ErrnoException): Refusal {
  const { code = '', message } = error;
  const { variable, example } = SERVERS[name];
  const isPlain = code === 'ERR_SSL_WRONG_VERSION_NUMBER';
  return {
    why: isPlain ? 'it does not speak TLS at this port' : message.replace(/\.$/, ''),
    remedy: UNKNOWN_AUTHORITY.test(code)
      ? 'set NODE_EXTRA_CA_CERTS to the file with the certificate of its authority, before the start'
      : `set ${variable}, like ${example}`,
  };
}

async function logIntoPostgres(url: string): Promise<void> {
  const { isDatabaseMissing, withClient } = await import('@order-system/prisma/migrate');
  await withClient(url, async () => undefined).catch((error: unknown) => {
    // It is made later.
    if (!isDatabaseMissing(error)) throw error;
  });
}

async function logIntoRabbitmq(url: string): Promise<void> {
  const { connect } = await import('amqplib');
  const connection = await connect(url, { timeout: WITHIN_MS }).catch((error: Error) => {
    // It only hangs up.
    if (!error.message.includes('ConnectionClose')) throw error;
    throw new Error('there is no such virtual host, or it is not for this user');
  });
  await connection.close();
}

async function logIntoRedis(url: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, { retryStrategy: () => null });
  try {
    await new Promise<void>((resolve, reject) => {
      // The calls' own errors only say that there is no connection.
      redis.once('error', reject).on('error', () => undefined);
      redis.ping().then(() => resolve(), reject);
    });
  } finally {
    redis.disconnect();
  }
}
