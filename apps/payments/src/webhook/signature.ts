import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far a signature's time may lie from ours, either way. */
export const TOLERANCE_S = 300;

const hmac = (secret: string, seconds: number, body: string | Uint8Array): Buffer =>
  createHmac('sha256', secret).update(`${seconds}.`).update(body).digest();

/** `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">` */
export function sign(body: string | Uint8Array, secret: string, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000);
  return `t=${seconds},v1=${hmac(secret, seconds, body).toString('hex')}`;
}

/** Is it signed with one of the secrets, at a time close to now? Several `v1` are allowed while a secret rotates. */
export function isSigned(
  header: string | undefined,
  body: Uint8Array,
  secrets: readonly string[],
  now: Date,
): boolean {
  const { seconds, signatures } = parse(header ?? '');
  if (seconds === undefined || signatures.length === 0) return false;
  if (Math.abs(now.getTime() / 1000 - seconds) > TOLERANCE_S) return false;
  return secrets.some((secret) => {
    const expected = hmac(secret, seconds, body);
    return signatures.some((signature) => timingSafeEqual(signature, expected));
  });
}

const SECONDS = /^\d{1,12}$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const MOST_SIGNATURES = 5;

function parse(header: string): { seconds?: number; signatures: Buffer[] } {
  const parts = header.split(',', MOST_SIGNATURES + 1).map((part) => part.trim().split('=', 2));
  const valuesOf = (name: string) => parts.filter(([key]) => key === name).map(([, value = '']) => value);
  const [time, ...moreTimes] = valuesOf('t');
  const signatures = valuesOf('v1').filter((value) => SHA256_HEX.test(value));
  if (time === undefined || moreTimes.length > 0 || !SECONDS.test(time)) return { signatures: [] };
  return { seconds: Number(time), signatures: signatures.map((value) => Buffer.from(value, 'hex')) };
}
