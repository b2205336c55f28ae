import { z } from 'zod';

export interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
}

export interface Described {
  operationId: string;
  security: object[];
  parameters: { name: string; schema: object }[];
  responses: Record<
    string,
    { description: string; content?: Record<string, { schema: Schema; example?: unknown }> }
  >;
  requestBody?: { required: boolean; content: Record<string, { schema: Schema; example: unknown }> };
}

export interface Document {
  openapi: string;
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, object>; securitySchemes: object };
}

const checks = new WeakMap<Schema, z.ZodType>();

function checkOf({ components }: Document, schema: Schema): z.ZodType {
  const whole = { ...schema, $defs: components.schemas };
  const local = JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/');
  return z.fromJSONSchema(JSON.parse(local) as Parameters<typeof z.fromJSONSchema>[0]);
}

/** What does not fit into what is described; undefined when all does. */
export function misfit(document: Document, schema: Schema, value: unknown): string | undefined {
  const check = checks.get(schema) ?? checkOf(document, schema);
  checks.set(schema, check);
  const { error } = check.safeParse(value);
  return error && z.prettifyError(error);
}
