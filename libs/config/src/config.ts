import { z } from 'zod';
import { EnvFileError, loadEnvFile } from './env-file.js';

/** The configuration cannot be used; the message names every wrong variable and what to do about it. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

let isEnvFileLoaded = false;

/** The process's variables and those of `.env`; what is set in the process wins. Throws ConfigError. */
function environment(): Environment {
  try {
    if (!isEnvFileLoaded) loadEnvFile('.env');
  } catch (error) {
    throw error instanceof EnvFileError ? new ConfigError([error.message]) : error;
  }
  isEnvFileLoaded = true;
  return process.env;
}

/**
 * Reads the variables that the schema names. An empty variable counts as one that is not set.
 * Throws ConfigError.
 */
export function readConfig<S extends z.ZodRawShape>(
  schema: z.ZodObject<S>,
  env: Environment = environment(),
): z.output<z.ZodObject<S>> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(schema.shape)) if (env[name]) given[name] = env[name];
  const mode = env['NODE_ENV'] === 'production' ? 'production' : 'development';
  const result = inMode(mode, () => schema.safeParse(given));
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues.map(({ path: [variable], message }) => {
      const name = String(variable);
      return name in given ? `${name} ${message}` : `${name} is missing: ${message}`;
    }),
  );
}

/** Whether the process runs for real: weak secrets are refused, cookies travel over HTTPS only. */
export const isProduction = (): boolean => environment()['NODE_ENV'] === 'production';

type Mode = 'production' | 'development';
let parsingIn: Mode = 'development';

/** Parsing is synchronous, so the schemas of `blocks` can ask for which mode the values are meant. */
function inMode<T>(mode: Mode, parse: () => T): T {
  parsingIn = mode;
  return parse();
}

export const parsingMode = (): Mode => parsingIn;
