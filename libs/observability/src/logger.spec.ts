import { describe, expect, it } from '@jest/globals';
import { readConfig } from '@order-system/config/config';
import { pino } from 'pino';
import { logger, loggerOptions, loggingBlock, NestLogger } from './logger.js';

function capture() {
  const lines: string[] = [];
  const log = pino(loggerOptions('trace'), { write: (line: string) => lines.push(line) });
  return {
    log,
    text: () => lines.join(''),
    last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>,
  };
}

describe('the log', () => {
  it('never holds secrets or what names a person, wherever they are', () => {
    const { log, text } = capture();
    const canary = {
      password: 'CANARY',
      token: 'CANARY',
      refreshToken: 'CANARY',
      email: 'CANARY',
      phone: 'CANARY',
    };
    log.info(canary, 'at the top');
    log.info(
      { body: canary, headers: { authorization: 'CANARY', cookie: 'CANARY', 'set-cookie': 'CANARY' } },
      'inside',
    );
    log.info({ req: { body: { user: canary } } }, 'further inside');
    expect(text()).not.toContain('CANARY');
  });

  it('keeps message, code and stack of an error, and no row that a driver attached', () => {
    const { log, last, text } = capture();
    const cause = new Error('Key (email)=(ada@example.com) already exists');
    log.error(
      { err: Object.assign(new Error('no luck', { cause }), { code: '23505', detail: 'CANARY' }) },
      'failed',
    );
    expect(last()['err']).toMatchObject({ type: 'Error', message: 'no luck', code: '23505' });
    expect(text()).not.toMatch(/ada@example.com|CANARY/);
  });

  it('hides the login in a URL', () => {
    const { log, text } = capture();
    log.error({ err: new Error('cannot reach amqp://shop:hunter2@broker:5672') }, 'failed');
    expect(text()).not.toContain('hunter2');
  });

  it("takes Nest's lines with their context", () => {
    const { log, last } = capture();
    new NestLogger(log).error('it broke', 'Error: it broke\n  at x', 'Injector');
    expect(last()).toMatchObject({ level: 'error', msg: 'it broke', context: 'Injector' });
  });
});

it('logs at the usual level when LOG_LEVEL is none, so that somebody can say that it is none', () => {
  const { LOG_LEVEL = '' } = process.env;
  process.env['LOG_LEVEL'] = 'loud';
  try {
    expect(logger('test').level).toBe('info');
    expect(() => readConfig(loggingBlock)).toThrow('LOG_LEVEL must be one of fatal, error');
  } finally {
    process.env['LOG_LEVEL'] = LOG_LEVEL;
  }
});
