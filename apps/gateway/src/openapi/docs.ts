import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { documentOf } from './document.js';
import type { DocumentedRoute } from './routes.js';

/** The document at /api/openapi.json, the interactive page at /api/docs; both are made when first asked for. */
export function serveDocs(app: NestFastifyApplication, routes: readonly DocumentedRoute[]): void {
  let json: string | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/api/openapi.json', (_request, reply) => {
      json ??= JSON.stringify(documentOf(routes));
      return reply.type('application/json; charset=utf-8').send(json);
    });
  SwaggerModule.setup('api/docs', app, () => documentOf(routes) as unknown as OpenAPIObject, {
    raw: false,
    customSiteTitle: 'Order System API',
  });
}
