import { ERRORS, type ErrorCode } from '@order-system/contracts/errors';
import { z } from 'zod';
import { strictly } from '../http/input.js';
import { problemType } from '../http/problem.js';
import type { Operation } from './operation.js';
import type { DocumentedRoute } from './routes.js';
import { componentSchemas, exampleOf, type JsonSchema, Meta, TEXTS, wireSchema } from './schemas.js';

/** OpenAPI 3.1 of all routes, made of the contracts that also check them. */
export function documentOf(routes: readonly DocumentedRoute[]): JsonSchema {
  const schemas = componentSchemas();
  const paths: Record<string, JsonSchema> = {};
  const seen = new Map<string, number>();
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const id = `${route.controller}.${route.handler}`;
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    const operationId = times === 1 ? id : `${id}.${times}`;
    (paths[path] ??= {})[route.method.toLowerCase()] = { operationId, ...describe(route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Order System',
      version: '1',
      description:
        'Money is a decimal number in the currency of the shop, times are ISO 8601 in UTC, ids are UUIDs. ' +
        'Errors are RFC 9457 problems with a stable code. Send Idempotency-Key with POST to make retries safe.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function describe(route: DocumentedRoute, schemas: Record<string, JsonSchema>): JsonSchema {
  const { operation, controller } = route;
  const body = bodyOf(route, schemas);
  return {
    tags: [controller],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    security: securityOf(operation),
    parameters: parametersOf(route),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { ...successOf(operation, schemas), ...failuresOf(route) },
  };
}

/** No answer depends on who asks. */
const isPublic = ({ who }: Operation): boolean => who === 'all' || who === 'reader';

function securityOf(operation: Operation): JsonSchema[] {
  const { who } = operation;
  if (isPublic(operation)) return [];
  return who === 'guest' ? [{}, { bearer: [] }] : [{ bearer: [] }];
}

const paramsOf = (path: string): string[] => [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);

const inputOf = ({ body, call }: Operation): z.ZodType | undefined => body ?? call?.input;

/** The fields of a call, less those in the path. */
function fieldsOf({ operation, path }: DocumentedRoute): {
  properties: [string, JsonSchema][];
  required: string[];
  json: JsonSchema;
} {
  const input = inputOf(operation);
  const json = input === undefined ? {} : wireSchema(strictly(input));
  const inPath = new Set(paramsOf(path));
  const properties = Object.entries((json['properties'] ?? {}) as Record<string, JsonSchema>);
  return {
    json,
    properties: properties.filter(([name]) => !inPath.has(name)),
    required: ((json['required'] ?? []) as string[]).filter((name) => !inPath.has(name)),
  };
}

/** Keys belong to somebody. */
const takesKey = ({ method, operation: { who, keyed } }: DocumentedRoute): boolean =>
  method === 'POST' && (keyed ?? who !== 'all');

function parametersOf(route: DocumentedRoute): JsonSchema[] {
  const parameters: JsonSchema[] = paramsOf(route.path).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  }));
  for (const name of route.operation.query ?? [])
    parameters.push({ name, in: 'query', required: true, schema: { type: 'string' } });
  if (route.method === 'GET') {
    const { properties, required } = fieldsOf(route);
    for (const [name, schema] of properties)
      parameters.push({ name, in: 'query', required: required.includes(name), schema });
  }
  if (takesKey(route))
    parameters.push({
      name: 'Idempotency-Key',
      in: 'header',
      description: 'The same key and body give the same answer, however often they are sent.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    });
  parameters.push({
    name: 'X-Correlation-Id',
    in: 'header',
    description:
      'Taken over into everything the request causes, and returned; absent, it is the trace id of `traceparent`.',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  });
  return parameters;
}

function bodyOf(route: DocumentedRoute, schemas: Record<string, JsonSchema>): JsonSchema | undefined {
  if (route.method === 'GET') return undefined;
  const { example, accepts = ['application/json'] } = route.operation;
  const input = inputOf(route.operation);
  if (input === undefined && route.operation.accepts === undefined) return undefined;
  const { json, properties, required } = fieldsOf(route);
  if (input !== undefined && properties.length === 0) return undefined;
  const schema: JsonSchema =
    input === undefined
      ? { type: 'object' }
      : {
          ...json,
          properties: Object.fromEntries(properties),
          required: required.length > 0 ? required : undefined,
        };
  const content = { schema, example: example ?? exampleOf(schema, schemas) };
  return {
    required: input === undefined || isRefusedAlone(route, input),
    content: Object.fromEntries(accepts.map((type) => [type, content])),
  };
}

/** Whether a request with no body has no chance: rules over several fields are in no list of required ones. */
const isRefusedAlone = ({ path }: DocumentedRoute, input: z.ZodType): boolean =>
  !input.safeParse(Object.fromEntries(paramsOf(path).map((name) => [name, TEXTS.uuid]))).success;

function successOf(operation: Operation, schemas: Record<string, JsonSchema>): JsonSchema {
  const { status = 200, answer = 'data', call } = operation;
  const headers = { 'X-Correlation-Id': { schema: { type: 'string' } } };
  if (answer === 'none') return { [status]: { description: 'Done', headers } };
  if (answer === 'html' || answer === 'text') {
    const type = answer === 'html' ? 'text/html' : 'text/plain';
    return {
      [status]: {
        description: operation.summary,
        headers,
        content: { [type]: { schema: { type: 'string' } } },
      },
    };
  }
  const schema = enveloped(wireSchema(operation.output ?? call?.output ?? z.object({})), answer);
  const takesForms = operation.accepts?.includes('application/x-www-form-urlencoded') === true;
  const content = {
    'application/json': { schema, example: exampleOf(schema, schemas) },
    ...(takesForms ? { 'text/html': { schema: { type: 'string' } } } : {}),
  };
  return { [status]: { description: operation.summary, headers, content } };
}

function enveloped(output: JsonSchema, answer: 'data' | 'page' | 'bare'): JsonSchema {
  if (answer === 'bare') return output;
  const properties = {
    status: { const: 'success' },
    ...(answer === 'page' ? pageOf(output) : { data: output }),
  };
  return { type: 'object', required: Object.keys(properties), properties };
}

/** Beside how many there are, `meta` has what the call says of the whole list. */
function pageOf(output: JsonSchema): { data: JsonSchema; meta: JsonSchema } {
  const { items = {}, total: _, ...facts } = output['properties'] as Record<string, JsonSchema>;
  if (Object.keys(facts).length === 0) return { data: items, meta: { $ref: '#/components/schemas/Meta' } };
  const properties = { ...Meta.properties, ...facts };
  return { data: items, meta: { ...Meta, required: Object.keys(properties), properties } };
}

/** What can go wrong on any such route, and what is special to this one. */
function failuresOf(route: DocumentedRoute): JsonSchema {
  const { operation, method } = route;
  const codes = new Set<ErrorCode>(['VALIDATION_FAILED', ...(operation.fails ?? [])]);
  if (!isPublic(operation)) codes.add('UNAUTHENTICATED');
  if (operation.who === 'admin') codes.add('FORBIDDEN');
  if (takesKey(route)) codes.add('IDEMPOTENCY_KEY_REUSED');
  if (method !== 'GET') codes.add('PAYLOAD_TOO_LARGE').add('UNSUPPORTED_MEDIA_TYPE');
  if (operation.limit !== 'none') codes.add('RATE_LIMITED');
  codes.add('INTERNAL').add('SERVICE_UNAVAILABLE');
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, group]) => [
        status,
        {
          description: group.join(', '),
          content: {
            'application/problem+json': {
              schema: { $ref: '#/components/schemas/Problem' },
              examples: Object.fromEntries(group.map((code) => [code, { value: problemExample(code) }])),
            },
          },
        },
      ]),
  );
}

const problemExample = (code: ErrorCode): JsonSchema => ({
  type: problemType(code),
  title: ERRORS[code].title,
  status: ERRORS[code].status,
  code,
  detail: `${ERRORS[code].title}.`,
  correlationId: '5b0c7a52-2f0e-4f0f-9a55-3f3d6f0a6a11',
});
