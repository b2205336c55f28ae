import { expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { GetProduct } from '@order-system/contracts/catalog.contracts';
import { Checked, type CheckedCall } from '../http/forward.js';
import { Operation } from './operation.js';
import { routesOf } from './routes.js';

function routesWith(operation: Operation) {
  @Controller('things')
  class ThingsController {
    @Get(':id')
    @Operation(operation)
    get(@Checked() call: CheckedCall) {
      return call;
    }
  }
  return routesOf([ThingsController]);
}

it('a route that passes on the call of its operation is served', () => {
  const operation = { summary: 'One thing', who: 'all', call: GetProduct } as const;
  expect(routesWith(operation)).toEqual([
    { method: 'GET', path: '/api/things/:id', controller: 'Things', handler: 'get', operation },
  ]);
});

it.each<[string, Partial<Operation>]>([
  ['no call', {}],
  ['another body', { call: GetProduct, body: GetProduct.input }],
  ['another answer', { call: GetProduct, output: GetProduct.output }],
  ['a page for people', { call: GetProduct, answer: 'html' }],
  ['plain text', { call: GetProduct, answer: 'text' }],
])('the gateway does not start with one that has %s', (_, more) =>
  expect(() => routesWith({ summary: 'One thing', who: 'all', ...more })).toThrow(
    'ThingsController.get is @Checked()',
  ),
);

it('the gateway does not start with a route without an operation', () => {
  @Controller('things')
  class ThingsController {
    @Get()
    all() {
      return [];
    }
  }
  expect(() => routesOf([ThingsController])).toThrow('ThingsController.all has no @Operation');
});
