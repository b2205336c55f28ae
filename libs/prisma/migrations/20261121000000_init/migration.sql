-- Text search; in every PostgreSQL, and any owner of a database may switch it on.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "auth";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "basket";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "catalog";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "chat";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "events";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "notifications";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "orders";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "payments";

-- CreateTable
CREATE TABLE "auth"."user" (
    "id" UUID NOT NULL,
    "email" TEXT,
    "password_hash" TEXT,
    "role" TEXT NOT NULL DEFAULT 'user',
    "name" TEXT,
    "phone" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."session" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "end_reason" TEXT,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."refresh_token" (
    "hash" TEXT NOT NULL,
    "session_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "refresh_token_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "auth"."login_failure" (
    "email_hash" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "locked_until" TIMESTAMPTZ(3),
    "last_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "login_failure_pkey" PRIMARY KEY ("email_hash")
);

-- CreateTable
CREATE TABLE "basket"."basket" (
    "id" UUID NOT NULL,
    "user_id" UUID,
    "status" TEXT NOT NULL DEFAULT 'OPEN',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "basket_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "basket"."basket_item" (
    "basket_id" UUID NOT NULL,
    "product_id" UUID NOT NULL,
    "quantity" INTEGER NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "basket_item_pkey" PRIMARY KEY ("basket_id","product_id")
);

-- CreateTable
CREATE TABLE "catalog"."product" (
    "id" UUID NOT NULL,
    "sku" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "price" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "image_url" TEXT,
    "on_hand" INTEGER NOT NULL,
    "reserved" INTEGER NOT NULL DEFAULT 0,
    "status" TEXT NOT NULL DEFAULT 'ACTIVE',
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "product_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "catalog"."stock_movement" (
    "id" UUID NOT NULL,
    "product_id" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "on_hand" INTEGER NOT NULL,
    "reserved" INTEGER NOT NULL,
    "order_id" UUID,
    "note" TEXT,
    "by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stock_movement_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "catalog"."reservation" (
    "order_id" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'HELD',
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reservation_pkey" PRIMARY KEY ("order_id")
);

-- CreateTable
CREATE TABLE "catalog"."reservation_line" (
    "order_id" UUID NOT NULL,
    "product_id" UUID NOT NULL,
    "sku" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "price" INTEGER NOT NULL,
    "quantity" INTEGER NOT NULL,

    CONSTRAINT "reservation_line_pkey" PRIMARY KEY ("order_id","product_id")
);

-- CreateTable
CREATE TABLE "chat"."room" (
    "order_id" UUID NOT NULL,
    "order_number" INTEGER NOT NULL,
    "user_id" UUID NOT NULL,
    "last_seq" INTEGER NOT NULL DEFAULT 0,
    "last_message_at" TIMESTAMPTZ(3),
    "summary" TEXT,
    "closed_at" TIMESTAMPTZ(3),
    "closed_by" UUID,
    "version" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "room_pkey" PRIMARY KEY ("order_id")
);

-- CreateTable
CREATE TABLE "chat"."closing" (
    "id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "summary" TEXT NOT NULL,
    "quote" BIGINT,
    "by" UUID NOT NULL,
    "correlation_id" TEXT NOT NULL,
    "claimed_until" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "closing_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chat"."message" (
    "id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "sender_id" UUID NOT NULL,
    "sender_role" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "client_message_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chat"."read_mark" (
    "order_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,

    CONSTRAINT "read_mark_pkey" PRIMARY KEY ("order_id","user_id")
);

-- CreateTable
CREATE TABLE "events"."event" (
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "schema_version" INTEGER NOT NULL,
    "aggregate_type" TEXT NOT NULL,
    "aggregate_id" UUID NOT NULL,
    "aggregate_version" INTEGER NOT NULL,
    "data" JSONB NOT NULL,
    "actor" JSONB NOT NULL,
    "correlation_id" TEXT NOT NULL,
    "causation_id" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events"."outbox" (
    "event_id" UUID NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "source" TEXT NOT NULL,
    "aggregate_id" UUID NOT NULL,
    "aggregate_version" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "available_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "claimed_until" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("event_id")
);

-- CreateTable
CREATE TABLE "events"."inbox" (
    "consumer" TEXT NOT NULL,
    "event_id" UUID NOT NULL,
    "applied_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "inbox_pkey" PRIMARY KEY ("event_id","consumer")
);

-- CreateTable
CREATE TABLE "events"."retry" (
    "consumer" TEXT NOT NULL,
    "event_id" UUID NOT NULL,
    "attempts" INTEGER NOT NULL,
    "error" TEXT NOT NULL,
    "first_failed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "retry_pkey" PRIMARY KEY ("event_id","consumer")
);

-- CreateTable
CREATE TABLE "events"."consumer_cursor" (
    "consumer" TEXT NOT NULL,
    "position" TIMESTAMPTZ(3) NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "types" TEXT[],
    "replayable" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "consumer_cursor_pkey" PRIMARY KEY ("consumer")
);

-- CreateTable
CREATE TABLE "events"."dead_letter" (
    "id" UUID NOT NULL,
    "consumer" TEXT NOT NULL,
    "event_id" UUID,
    "message" JSONB NOT NULL,
    "error" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "first_failed_at" TIMESTAMPTZ(3) NOT NULL,
    "dead_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dead_letter_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events"."idempotency_key" (
    "service" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "call" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "response" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("service","actor","key")
);

-- CreateTable
CREATE TABLE "events"."replay_job" (
    "id" UUID NOT NULL,
    "consumer" TEXT NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "to" TIMESTAMPTZ(3) NOT NULL,
    "types" TEXT[],
    "dry_run" BOOLEAN NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'RUNNING',
    "total" INTEGER NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "applied" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "position" TIMESTAMPTZ(3),
    "position_id" UUID,
    "claimed_until" TIMESTAMPTZ(3),
    "created_by" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "replay_job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notifications"."notification" (
    "id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "data" JSONB NOT NULL DEFAULT '{}',
    "order_id" UUID,
    "in_app" BOOLEAN NOT NULL,
    "read_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "notification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notifications"."delivery" (
    "id" UUID NOT NULL,
    "notification_id" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'PENDING',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "error" TEXT,
    "correlation_id" TEXT NOT NULL,
    "sent_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notifications"."mail" (
    "id" UUID NOT NULL,
    "to" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "html" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "mail_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notifications"."preference" (
    "user_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "channels" TEXT[],

    CONSTRAINT "preference_pkey" PRIMARY KEY ("user_id","kind")
);

-- CreateTable
CREATE TABLE "orders"."order" (
    "id" UUID NOT NULL,
    "number" SERIAL NOT NULL,
    "user_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "payment_status" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "total" BIGINT NOT NULL,
    "own_prices" BOOLEAN NOT NULL DEFAULT false,
    "description" TEXT,
    "specifications" JSONB,
    "quantity" INTEGER,
    "metadata" JSONB,
    "shipping_address" JSONB,
    "notes" TEXT,
    "tracking_number" TEXT,
    "carrier" TEXT,
    "basket_id" UUID,
    "payment_id" UUID,
    "payment_provider" TEXT,
    "payment_state" TEXT,
    "pay_before" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "order_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "orders"."order_line" (
    "order_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "product_id" UUID,
    "title" TEXT NOT NULL,
    "price" INTEGER NOT NULL,
    "quantity" INTEGER NOT NULL,

    CONSTRAINT "order_line_pkey" PRIMARY KEY ("order_id","position")
);

-- CreateTable
CREATE TABLE "orders"."order_history" (
    "order_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "from" TEXT,
    "to" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "by" UUID,
    "reason" TEXT,

    CONSTRAINT "order_history_pkey" PRIMARY KEY ("order_id","version")
);

-- CreateTable
CREATE TABLE "orders"."placement" (
    "user_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "order_id" UUID NOT NULL,
    "payment_id" UUID NOT NULL,
    "answer" JSONB,
    "claimed_until" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "placement_pkey" PRIMARY KEY ("user_id","key")
);

-- CreateTable
CREATE TABLE "orders"."review_settlement" (
    "closing_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "settled_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "review_settlement_pkey" PRIMARY KEY ("closing_id")
);

-- CreateTable
CREATE TABLE "payments"."payment" (
    "id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "flow" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "amount" BIGINT NOT NULL,
    "refunded" BIGINT NOT NULL DEFAULT 0,
    "currency" TEXT NOT NULL,
    "provider_ref" TEXT,
    "payment_url" TEXT,
    "client_secret" TEXT,
    "method_id" TEXT,
    "message" TEXT,
    "receipt" TEXT,
    "correlation_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 0,
    "check_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "payment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payments"."refund" (
    "id" UUID NOT NULL,
    "payment_id" UUID NOT NULL,
    "amount" BIGINT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'REQUESTED',
    "reason" TEXT,
    "provider_ref" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "refund_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payments"."closed_order" (
    "order_id" UUID NOT NULL,
    "closed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "closed_order_pkey" PRIMARY KEY ("order_id")
);

-- CreateTable
CREATE TABLE "payments"."webhook_event" (
    "provider" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "provider_ref" TEXT,
    "body" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "applied_at" TIMESTAMPTZ(3),
    "outcome" TEXT,

    CONSTRAINT "webhook_event_pkey" PRIMARY KEY ("provider","event_id")
);

-- CreateTable
CREATE TABLE "payments"."sandbox_session" (
    "id" UUID NOT NULL,
    "secret" TEXT NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "payment_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "amount" BIGINT NOT NULL,
    "refunded" BIGINT NOT NULL DEFAULT 0,
    "currency" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'OPEN',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sandbox_session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payments"."sandbox_refund" (
    "idempotency_key" TEXT NOT NULL,
    "session_id" UUID NOT NULL,
    "amount" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sandbox_refund_pkey" PRIMARY KEY ("idempotency_key")
);

-- CreateTable
CREATE TABLE "payments"."sandbox_webhook" (
    "id" UUID NOT NULL,
    "body" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "delivered_at" TIMESTAMPTZ(3),

    CONSTRAINT "sandbox_webhook_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_email_key" ON "auth"."user"("email");

-- CreateIndex
CREATE INDEX "user_role_idx" ON "auth"."user"("role");

-- CreateIndex
CREATE INDEX "user_created_at_id_idx" ON "auth"."user"("created_at", "id");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "auth"."session"("user_id");

-- CreateIndex
CREATE INDEX "session_expires_at_idx" ON "auth"."session"("expires_at");

-- CreateIndex
CREATE INDEX "refresh_token_session_id_idx" ON "auth"."refresh_token"("session_id");

-- CreateIndex
CREATE INDEX "login_failure_last_at_idx" ON "auth"."login_failure"("last_at");

-- CreateIndex
CREATE INDEX "basket_user_id_idx" ON "basket"."basket"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "product_sku_key" ON "catalog"."product"("sku");

-- CreateIndex
CREATE INDEX "product_status_name_id_idx" ON "catalog"."product"("status", "name", "id");

-- CreateIndex
CREATE INDEX "product_status_price_id_idx" ON "catalog"."product"("status", "price", "id");

-- CreateIndex
CREATE INDEX "product_status_created_at_id_idx" ON "catalog"."product"("status", "created_at", "id");

-- CreateIndex
CREATE INDEX "product_status_category_name_idx" ON "catalog"."product"("status", "category", "name");

-- CreateIndex
CREATE INDEX "product_name_trgm" ON "catalog"."product" USING GIN ("name" gin_trgm_ops);

-- CreateIndex
CREATE INDEX "product_description_trgm" ON "catalog"."product" USING GIN ("description" gin_trgm_ops);

-- CreateIndex
CREATE INDEX "product_sku_trgm" ON "catalog"."product" USING GIN ("sku" gin_trgm_ops);

-- CreateIndex
CREATE INDEX "stock_movement_product_id_created_at_id_idx" ON "catalog"."stock_movement"("product_id", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "room_closed_at_idx" ON "chat"."room"("closed_at");

-- CreateIndex
CREATE INDEX "room_user_id_idx" ON "chat"."room"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "closing_order_id_key" ON "chat"."closing"("order_id");

-- CreateIndex
CREATE INDEX "closing_claimed_until_idx" ON "chat"."closing"("claimed_until");

-- CreateIndex
CREATE UNIQUE INDEX "message_order_id_seq_key" ON "chat"."message"("order_id", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "message_order_id_sender_id_client_message_id_key" ON "chat"."message"("order_id", "sender_id", "client_message_id");

-- CreateIndex
CREATE INDEX "event_type_occurred_at_idx" ON "events"."event"("type", "occurred_at");

-- CreateIndex
CREATE INDEX "event_occurred_at_id_idx" ON "events"."event"("occurred_at", "id");

-- CreateIndex
CREATE INDEX "event_correlation_id_idx" ON "events"."event"("correlation_id");

-- CreateIndex
CREATE UNIQUE INDEX "event_aggregate_id_aggregate_version_key" ON "events"."event"("aggregate_id", "aggregate_version");

-- CreateIndex
CREATE INDEX "outbox_source_seq_idx" ON "events"."outbox"("source", "seq");

-- CreateIndex
CREATE INDEX "outbox_aggregate_id_aggregate_version_idx" ON "events"."outbox"("aggregate_id", "aggregate_version");

-- CreateIndex
CREATE INDEX "inbox_applied_at_idx" ON "events"."inbox"("applied_at");

-- CreateIndex
CREATE INDEX "dead_letter_dead_at_idx" ON "events"."dead_letter"("dead_at");

-- CreateIndex
CREATE UNIQUE INDEX "dead_letter_event_id_consumer_key" ON "events"."dead_letter"("event_id", "consumer");

-- CreateIndex
CREATE INDEX "idempotency_key_created_at_idx" ON "events"."idempotency_key"("created_at");

-- CreateIndex
CREATE INDEX "replay_job_status_claimed_until_idx" ON "events"."replay_job"("status", "claimed_until");

-- CreateIndex
CREATE INDEX "notification_user_id_created_at_id_idx" ON "notifications"."notification"("user_id", "created_at" DESC, "id");

-- CreateIndex
CREATE UNIQUE INDEX "notification_event_id_user_id_kind_key" ON "notifications"."notification"("event_id", "user_id", "kind");

-- CreateIndex
CREATE UNIQUE INDEX "delivery_notification_id_channel_key" ON "notifications"."delivery"("notification_id", "channel");

-- CreateIndex
CREATE UNIQUE INDEX "mail_message_id_key" ON "notifications"."mail"("message_id");

-- CreateIndex
CREATE INDEX "mail_sent_at_id_idx" ON "notifications"."mail"("sent_at" DESC, "id");

-- CreateIndex
CREATE INDEX "mail_to_sent_at_idx" ON "notifications"."mail"("to", "sent_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "order_number_key" ON "orders"."order"("number");

-- CreateIndex
CREATE INDEX "order_user_id_created_at_id_idx" ON "orders"."order"("user_id", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "order_status_created_at_id_idx" ON "orders"."order"("status", "created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "order_created_at_id_idx" ON "orders"."order"("created_at" DESC, "id");

-- CreateIndex
CREATE INDEX "order_status_pay_before_idx" ON "orders"."order"("status", "pay_before");

-- CreateIndex
CREATE UNIQUE INDEX "placement_order_id_key" ON "orders"."placement"("order_id");

-- CreateIndex
CREATE INDEX "placement_created_at_idx" ON "orders"."placement"("created_at");

-- CreateIndex
CREATE INDEX "payment_order_id_idx" ON "payments"."payment"("order_id");

-- CreateIndex
CREATE UNIQUE INDEX "payment_provider_provider_ref_key" ON "payments"."payment"("provider", "provider_ref");

-- CreateIndex
CREATE INDEX "refund_payment_id_idx" ON "payments"."refund"("payment_id");

-- CreateIndex
CREATE UNIQUE INDEX "sandbox_session_idempotency_key_key" ON "payments"."sandbox_session"("idempotency_key");

-- CreateIndex
CREATE INDEX "sandbox_refund_session_id_idx" ON "payments"."sandbox_refund"("session_id");

-- AddForeignKey
ALTER TABLE "auth"."session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."refresh_token" ADD CONSTRAINT "refresh_token_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "auth"."session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "basket"."basket_item" ADD CONSTRAINT "basket_item_basket_id_fkey" FOREIGN KEY ("basket_id") REFERENCES "basket"."basket"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "catalog"."stock_movement" ADD CONSTRAINT "stock_movement_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "catalog"."product"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "catalog"."reservation_line" ADD CONSTRAINT "reservation_line_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "catalog"."reservation"("order_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chat"."closing" ADD CONSTRAINT "closing_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "chat"."room"("order_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chat"."message" ADD CONSTRAINT "message_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "chat"."room"("order_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chat"."read_mark" ADD CONSTRAINT "read_mark_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "chat"."room"("order_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notifications"."delivery" ADD CONSTRAINT "delivery_notification_id_fkey" FOREIGN KEY ("notification_id") REFERENCES "notifications"."notification"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "orders"."order_line" ADD CONSTRAINT "order_line_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"."order"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "orders"."order_history" ADD CONSTRAINT "order_history_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"."order"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "payments"."refund" ADD CONSTRAINT "refund_payment_id_fkey" FOREIGN KEY ("payment_id") REFERENCES "payments"."payment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What the Prisma schema cannot say. Rules that must hold whatever the program does:
ALTER TABLE "catalog"."product"
  ADD CONSTRAINT "product_stock_check" CHECK (0 <= "reserved" AND "reserved" <= "on_hand"),
  ADD CONSTRAINT "product_price_check" CHECK ("price" >= 0),
  ADD CONSTRAINT "product_status_check" CHECK ("status" IN ('ACTIVE', 'ARCHIVED'));
ALTER TABLE "catalog"."reservation"
  ADD CONSTRAINT "reservation_state_check" CHECK ("state" IN ('HELD', 'RELEASED', 'SOLD', 'RETURNED'));
ALTER TABLE "catalog"."reservation_line" ADD CONSTRAINT "reservation_line_quantity_check" CHECK ("quantity" > 0);
ALTER TABLE "basket"."basket_item" ADD CONSTRAINT "basket_item_quantity_check" CHECK ("quantity" > 0);
ALTER TABLE "orders"."order"
  ADD CONSTRAINT "order_total_check" CHECK ("total" >= 0),
  ADD CONSTRAINT "order_status_check"
    CHECK ("status" IN ('PENDING', 'REVIEW', 'PROCESSING', 'SHIPPED', 'COMPLETED', 'CANCELLED')),
  ADD CONSTRAINT "order_payment_status_check"
    CHECK ("payment_status" IN ('NOT_REQUIRED', 'PENDING', 'PAID', 'FAILED', 'PARTIALLY_REFUNDED', 'REFUNDED'));
ALTER TABLE "orders"."order_line" ADD CONSTRAINT "order_line_check" CHECK ("price" >= 0 AND "quantity" > 0);
ALTER TABLE "payments"."payment"
  ADD CONSTRAINT "payment_amount_check" CHECK ("amount" > 0 AND 0 <= "refunded" AND "refunded" <= "amount");
ALTER TABLE "payments"."refund" ADD CONSTRAINT "refund_amount_check" CHECK ("amount" > 0);
ALTER TABLE "payments"."sandbox_session"
  ADD CONSTRAINT "sandbox_session_amount_check" CHECK (0 <= "refunded" AND "refunded" <= "amount");
ALTER TABLE "auth"."user" ADD CONSTRAINT "user_role_check" CHECK ("role" IN ('user', 'admin'));

-- One open basket per customer, one live payment per order.
CREATE UNIQUE INDEX "basket_one_open_per_user" ON "basket"."basket" ("user_id") WHERE "status" = 'OPEN';
CREATE UNIQUE INDEX "payment_one_live_per_order" ON "payments"."payment" ("order_id")
  WHERE "status" IN ('REQUESTED', 'PENDING');

-- People read order numbers: four digits look like a shop.
ALTER SEQUENCE "orders"."order_number_seq" RESTART WITH 1001;

-- Queues in tables: short, rewritten all the time, cleaned early.
ALTER TABLE "events"."outbox" SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
ALTER TABLE "payments"."sandbox_webhook" SET (autovacuum_vacuum_scale_factor = 0.05);

-- What one person did, in the order of the log.
CREATE INDEX "event_actor" ON "events"."event" (("actor" ->> 'id'), "occurred_at") WHERE "actor" ->> 'id' IS NOT NULL;

-- What jobs look for, and nothing else.
CREATE INDEX "reservation_due" ON "catalog"."reservation" ("expires_at")
  WHERE "state" = 'HELD' AND "expires_at" IS NOT NULL;
CREATE INDEX "basket_unused" ON "basket"."basket" ("used_at") WHERE "user_id" IS NULL OR "status" = 'MERGED';
CREATE INDEX "order_quoted" ON "orders"."order" ("id") WHERE "payment_state" = 'REQUESTED';
CREATE INDEX "payment_to_check" ON "payments"."payment" ("check_at") WHERE "check_at" IS NOT NULL;
CREATE INDEX "refund_due" ON "payments"."refund" ("next_at") WHERE "status" = 'REQUESTED';
CREATE INDEX "webhook_event_due" ON "payments"."webhook_event" ("next_at") WHERE "applied_at" IS NULL;
CREATE INDEX "sandbox_webhook_due" ON "payments"."sandbox_webhook" ("next_at") WHERE "delivered_at" IS NULL;
CREATE INDEX "delivery_due" ON "notifications"."delivery" ("next_at") WHERE "status" = 'PENDING';

-- Reserving changes a product's row all the time: room on the page keeps its indexes out of it.
ALTER TABLE "catalog"."product" SET (fillfactor = 80);
ALTER TABLE "chat"."room" SET (fillfactor = 80);
