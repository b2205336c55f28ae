import { expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { routesOf } from './routes.js';

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
