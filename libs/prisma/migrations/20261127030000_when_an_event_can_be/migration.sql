-- In the years that ISO 8601 has: whoever reads an event is told its time. The log is not read through for it.
ALTER TABLE "events"."event" ADD CONSTRAINT "event_occurred_at_check"
  CHECK ("occurred_at" >= '0001-01-01 00:00:00+00' AND "occurred_at" < '10000-01-01 00:00:00+00') NOT VALID;
