import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { documentOf } from './document.js';

/** The document at /api/openapi.json, the interactive page at /api/docs; both are made when first asked for. */
export function serveDocs(app: NestFastifyApplication, controllers: readonly Type[]): void {
  let json: string | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/api/openapi.json', (_request, reply) => {
      json ??= JSON.stringify(documentOf(controllers));
      return reply.type('application/json; charset=utf-8').send(json);
    });
  SwaggerModule.setup('api/docs', app, () => documentOf(controllers) as unknown as OpenAPIObject, {
    raw: false,
    customSiteTitle: 'Order System API',
  });
}
