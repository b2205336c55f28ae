// NODE_OPTIONS=--import=<this file>, CLOCK_OFFSET_MS=<ms>: the service's clock is wrong by so much, with CLOCK_AFTER_MS from so
// long after its start. Timers and performance.now() run on, as they do when a machine's time of day is wrong or set.
const offset = Number(process.env['CLOCK_OFFSET_MS']);
if (!Number.isFinite(offset)) {
  console.error(`clock: CLOCK_OFFSET_MS is "${process.env['CLOCK_OFFSET_MS']}", which is no number`);
  process.exit(1);
}

const after = Number(process.env['CLOCK_AFTER_MS'] ?? 0);

const RealDate = Date;
const rightNow = RealDate.now.bind(RealDate);
RealDate.now = () => rightNow() + (performance.now() < after ? 0 : offset);
globalThis.Date = new Proxy(RealDate, {
  construct: (date, given, target) =>
    Reflect.construct(date, given.length === 0 ? [date.now()] : given, target),
  apply: (date) => new date(date.now()).toString(),
});
console.error(`clock: ${offset} ms off after ${after} ms`);
