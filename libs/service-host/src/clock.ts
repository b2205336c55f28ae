import { Injectable } from '@nestjs/common';

/** The time of day, for everything that compares with it. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
