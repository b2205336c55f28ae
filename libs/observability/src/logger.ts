import { types } from 'node:util';
import type { LoggerService, LogLevel } from '@nestjs/common';
import { ConfigError, readConfig } from '@order-system/config/config';
import { destination, pino, type Logger, type LoggerOptions } from 'pino';
import { z } from 'zod';

export type { Logger } from 'pino';

const SECRETS = [
  'password',
  'currentPassword',
  'token',
  'accessToken',
  'refreshToken',
  'refresh_token',
  'clientSecret',
  'secret',
  'authorization',
  'cookie',
  'set-cookie',
  'email',
  'phone',
  'name',
  'shippingAddress',
  'otp',
  'code_verifier',
];
const inside = (path: string) => (name: string) => `${path}["${name}"]`;
/** Wildcards match one level each; nothing that is logged nests deeper than this. */
const REDACTED = ['', '*', '*.*', '*.*.*'].flatMap((path) =>
  path === ''
    ? SECRETS.filter((name) => name !== 'name').map((name) => `["${name}"]`)
    : SECRETS.map(inside(path)),
);

const PERSONAL = /[\w.+-]+@[\w-]+(\.[\w-]+)+|eyJ[\w-]+\.[\w-]+\.[\w-]*|Bearer\s+\S+/g;
const URL_LOGIN = /:\/\/[^/\s@]+@/g;

/** Free text as it may be logged: without e-mail addresses, tokens and the logins in URLs. */
const scrub = (text: string): string => text.replace(URL_LOGIN, '://***@').replace(PERSONAL, '***');

/** An error as logs keep it. Other properties stay out: drivers put whole rows and queries there. */
function describeError(error: unknown, depth = 0): unknown {
  if (!types.isNativeError(error)) return typeof error === 'string' ? scrub(error) : error;
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: scrub(error.message),
    ...(code === undefined ? {} : { code }),
    stack: scrub(error.stack ?? ''),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const level = z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info');
/** For who starts a process and refuses what is wrong. */
export const loggingBlock = z.object({ LOG_LEVEL: level });

/** Loggers are made while modules load, when nobody could say yet what is wrong. */
function levelOrUsual(): string {
  try {
    return readConfig(loggingBlock).LOG_LEVEL;
  } catch (error) {
    if (error instanceof ConfigError) return 'info';
    throw error;
  }
}

export const loggerOptions = (level: string): LoggerOptions => ({
  level,
  base: undefined,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  redact: { paths: REDACTED, censor: '***' },
  serializers: {
    err: (error: unknown) => describeError(error),
    error: (error: unknown) => describeError(error),
  },
});

let root: Logger | undefined;

/** Lines of JSON on standard output, each with the name of the part that wrote it. Level: LOG_LEVEL. */
export function logger(name: string): Logger {
  root ??= pino(loggerOptions(levelOrUsual()), destination({ fd: 1, sync: true }));
  return root.child({ part: name });
}

/** Nest's own lines through the same logger. */
export class NestLogger implements LoggerService {
  constructor(private readonly target: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    // The host says it in one line.
    if (message instanceof ConfigError) return;
    this.write('error', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  setLogLevels(_levels: LogLevel[]): void {
    // LOG_LEVEL alone decides.
  }

  /** Nest passes (message, context) or (message, stack, context). */
  private write(
    level: 'fatal' | 'error' | 'warn' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    if (!this.target.isLevelEnabled(level)) return;
    const [context, stack] = [rest.at(-1), rest.length > 1 ? rest[0] : undefined];
    const err = message instanceof Error ? { err: message } : {};
    const text = message instanceof Error ? message.message : String(message);
    const trace = typeof stack === 'string' ? { stack: scrub(stack) } : {};
    this.target[level](
      { ...err, ...trace, ...(typeof context === 'string' ? { context } : {}) },
      scrub(text),
    );
  }
}
