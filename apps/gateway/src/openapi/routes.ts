import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { takesCheckedCall } from '../http/forward.js';
import { isPassedOn, OPERATION, type Operation } from './operation.js';

export interface DocumentedRoute {
  method: string;
  /** `/api/orders/:id` */
  path: string;
  controller: string;
  handler: string;
  operation: Operation;
}

const many = (path: unknown): string[] => (Array.isArray(path) ? path.map(String) : [String(path ?? '')]);
const join = (...parts: string[]): string =>
  `/${parts.flatMap((part) => part.split('/').filter(Boolean)).join('/')}`;

/** Every route of the controllers. Throws for one whose @Operation does not say all that the route goes by. */
export function routesOf(controllers: readonly Type[]): DocumentedRoute[] {
  return controllers.flatMap((controller) =>
    Object.getOwnPropertyNames(controller.prototype).flatMap((handler) => {
      const method = (controller.prototype as Record<string, object>)[handler] as object;
      const verb = Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod | undefined;
      if (verb === undefined) return [];
      const operation = operationOf(controller, handler, method);
      const roots = many(Reflect.getMetadata(PATH_METADATA, controller));
      const paths = many(Reflect.getMetadata(PATH_METADATA, method));
      return roots.flatMap((root) =>
        paths.map((path) => ({
          method: RequestMethod[verb],
          path: join('api', root, path),
          controller: controller.name.replace(/Controller$/, ''),
          handler,
          operation,
        })),
      );
    }),
  );
}

/** Without it, who may call the route would be nobody's decision. */
function operationOf(controller: Type, handler: string, method: object): Operation {
  const name = `${controller.name}.${handler}`;
  const operation = Reflect.getMetadata(OPERATION, method) as Operation | undefined;
  if (operation === undefined) throw new Error(`${name} has no @Operation`);
  if (takesCheckedCall(controller, handler) && !isPassedOn(operation))
    throw new Error(`${name} is @Checked(): its @Operation needs a call, and no body, output, html or text`);
  return operation;
}
