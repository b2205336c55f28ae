import { User } from '@order-system/contracts/auth.contracts';
import { Basket } from '@order-system/contracts/basket.contracts';
import { Product, StockMovement } from '@order-system/contracts/catalog.contracts';
import { ERRORS } from '@order-system/contracts/errors';
import { Order } from '@order-system/contracts/orders.contracts';
import { Payment } from '@order-system/contracts/payments.contracts';
import { z } from 'zod';

export type JsonSchema = { [keyword: string]: unknown };

const named = new Map<z.core.$ZodType, string>([
  [Product, 'Product'],
  [StockMovement, 'StockMovement'],
  [Basket, 'Basket'],
  [Order, 'Order'],
  [Payment, 'Payment'],
  [User, 'User'],
]);

/** A schema as it looks on the wire: codecs by their input, named schemas by reference. */
export function wireSchema(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const name = (zodSchema as z.core.$ZodType) === schema ? undefined : named.get(zodSchema);
      if (name !== undefined) return replace(jsonSchema, { $ref: `#/components/schemas/${name}` });
      if ('example' in jsonSchema) replace(jsonSchema, withExamples(jsonSchema));
    },
  });
  const { $schema: _, '~standard': __, $defs: ___, ...rest } = json as JsonSchema;
  return withAnyJson(rest);
}

/** z.json() alone is defined by itself, in `$defs` at the root of what would be a document of its own. */
const withAnyJson = (schema: JsonSchema): JsonSchema =>
  JSON.parse(
    JSON.stringify(schema).replaceAll(/"#\/\$defs\/\w+"/g, '"#/components/schemas/AnyJson"'),
  ) as JsonSchema;

function replace(target: object, content: object): void {
  for (const key of Object.keys(target)) delete (target as JsonSchema)[key];
  Object.assign(target, content);
}

const withExamples = ({ example, ...rest }: JsonSchema): JsonSchema => ({ ...rest, examples: [example] });

const Problem: JsonSchema = {
  type: 'object',
  description: 'RFC 9457; members beside these are facts about the refusal, such as what is available.',
  required: ['type', 'title', 'status', 'code', 'detail', 'correlationId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(ERRORS) },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
    correlationId: { type: 'string' },
  },
};

const count = { type: 'integer', minimum: 0 };
export const Meta = {
  type: 'object',
  required: ['total', 'page', 'limit', 'totalPages'],
  properties: { total: count, page: count, limit: count, totalPages: count },
};

const AnyJson: JsonSchema = { description: 'Any JSON value.' };

export const componentSchemas = (): Record<string, JsonSchema> => ({
  Problem,
  Meta,
  AnyJson,
  ...Object.fromEntries([...named].map(([schema, name]) => [name, wireSchema(schema as z.ZodType)])),
});

export const TEXTS = {
  uuid: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b',
  'date-time': '2026-01-31T09:30:00.000Z',
  date: '2026-01-31',
  email: 'ada@example.com',
  uri: 'https://example.com/mug.jpg',
} as const;

/** A value that fits the schema, for people to look at. */
export function exampleOf(schema: JsonSchema, components: Record<string, JsonSchema>, depth = 0): unknown {
  if (depth > 8) return null;
  const { $ref, examples, enum: values, anyOf, oneOf, allOf, items, format } = schema;
  const inner = (next: unknown) => exampleOf(next as JsonSchema, components, depth + 1);
  if (typeof $ref === 'string') return inner(components[$ref.split('/').at(-1) ?? ''] ?? {});
  if (Array.isArray(examples)) return examples[0];
  if ('const' in schema) return schema['const'];
  if (Array.isArray(values)) return values[0];
  for (const way of [anyOf, oneOf, allOf])
    if (Array.isArray(way) && way[0] !== undefined) return inner(way[0]);
  // What may also be null is shown as what it else is.
  switch (Array.isArray(schema['type']) ? schema['type'][0] : schema['type']) {
    case 'object':
      return Object.fromEntries(fieldsOf(schema).map(([key, each]) => [key, inner(each)]));
    case 'array':
      return [inner(items ?? {})];
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' && schema['minimum'] > 0 ? schema['minimum'] : 1;
    case 'boolean':
      return true;
    case 'string':
      return (TEXTS as Record<string, string>)[String(format)] ?? 'text';
    default:
      return {};
  }
}

/** The keys of a record that has to have them all are in `required` alone. */
function fieldsOf({
  properties = {},
  required = [],
  additionalProperties = {},
}: JsonSchema): [string, unknown][] {
  const fields = properties as Record<string, unknown>;
  const keys = (required as string[]).filter((key) => !(key in fields));
  return [...Object.entries(fields), ...keys.map((key): [string, unknown] => [key, additionalProperties])];
}
