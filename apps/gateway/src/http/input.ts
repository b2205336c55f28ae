import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Call, CallInput } from '@order-system/contracts/define';
import { invalid, invalidFields } from '@order-system/contracts/invalid';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

type Fields = Record<string, unknown>;

const strict = new Map<z.ZodType, z.ZodType>();

/** Unknown fields are refused at this door also where services would drop them. */
export function strictly(schema: z.ZodType): z.ZodType {
  const known = strict.get(schema);
  if (known) return known;
  const made = schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;
  strict.set(schema, made);
  return made;
}

/**
 * As safeParse. Zod compares the length of what is no text and no list before it refuses it, and throws where that is an
 * object with a toString that is no function, as JSON can have it.
 */
export function check<S extends z.ZodType>(schema: S, value: unknown): z.ZodSafeParseResult<z.output<S>> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (!JSON.stringify(value).includes('"toString"')) throw error;
    const message = 'must not have a toString where a text or a list belongs';
    const refusal = new z.ZodError([{ code: 'custom', path: [], input: value, message }]);
    return { success: false, error: refusal as z.ZodError<z.output<S>> };
  }
}

/** The value in the program's own form. Throws VALIDATION_FAILED naming the fields. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = check(schema, value);
  if (result.success) return result.data;
  throw invalidFields(result.error);
}

/** A call's input made of the path, and of the query (GET) or the body. */
export function readInput<C extends Call>(call: C, request: FastifyRequest): CallInput<C> {
  const params = request.params as Record<string, string>;
  const rest =
    request.method === 'GET' || request.method === 'HEAD' ? readQuery(call, request) : readBody(request);
  for (const name of Object.keys(params))
    if (Object.hasOwn(rest, name)) throw invalid(name, 'belongs in the path only');
  return parse(strictly(call.input), { ...rest, ...params }) as CallInput<C>;
}

export function readBody(request: FastifyRequest): Fields {
  const { body } = request;
  if (body === undefined) return {};
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('', 'must be a JSON object');
  return body as Fields;
}

/** A call that takes nothing but what is in the path does not look at the query. */
function readQuery(call: Call, request: FastifyRequest): Fields {
  const fields = call.input instanceof z.ZodObject ? Object.keys(call.input.shape).length : 0;
  if (fields <= Object.keys(request.params as object).length) return {};
  return once(request.query as Fields);
}

/** Given twice, a parameter means one thing to one reader and another to the next. */
export function once(query: Fields): Fields {
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) throw invalid(name, 'must be given once');
    if (typeof value === 'string' && value.includes('\u0000')) throw invalid(name, 'must not contain NUL');
  }
  return { ...query };
}

/** The checked input of a call, from the request. */
export const Input = createParamDecorator((call: Call, context: ExecutionContext) =>
  readInput(call, context.switchToHttp().getRequest<FastifyRequest>()),
);
