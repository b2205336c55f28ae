// NODE_OPTIONS=--import=<this file>, CLOCK_OFFSET_MS=<ms>: the service's clock is wrong by so much. Timers and
// performance.now() run on, as they do when a machine's time of day is wrong.
const offset = Number(process.env['CLOCK_OFFSET_MS']);
if (!Number.isFinite(offset)) {
  console.error(`clock: CLOCK_OFFSET_MS is "${process.env['CLOCK_OFFSET_MS']}", which is no number`);
  process.exit(1);
}

const RealDate = Date;
const rightNow = RealDate.now.bind(RealDate);
RealDate.now = () => rightNow() + offset;
globalThis.Date = new Proxy(RealDate, {
  construct: (date, given, target) =>
    Reflect.construct(date, given.length === 0 ? [date.now()] : given, target),
  apply: (date) => new date(date.now()).toString(),
});
console.error(`clock: ${offset} ms off`);
