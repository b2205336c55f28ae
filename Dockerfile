# One image for every app; APP says which, such as APP=orders
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY apps/auth/package.json apps/auth/
COPY apps/basket/package.json apps/basket/
COPY apps/catalog/package.json apps/catalog/
COPY apps/chat/package.json apps/chat/
COPY apps/embedded/package.json apps/embedded/
COPY apps/events/package.json apps/events/
COPY apps/gateway/package.json apps/gateway/
COPY apps/notifications/package.json apps/notifications/
COPY apps/orders/package.json apps/orders/
COPY apps/payments/package.json apps/payments/
COPY libs/auth/package.json libs/auth/
COPY libs/config/package.json libs/config/
COPY libs/contracts/package.json libs/contracts/
COPY libs/messaging/package.json libs/messaging/
COPY libs/observability/package.json libs/observability/
COPY libs/prisma/package.json libs/prisma/
COPY libs/redis/package.json libs/redis/
COPY libs/service-host/package.json libs/service-host/
COPY libs/testing/package.json libs/testing/
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM build AS pruned
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=pruned --chown=node:node /app /app
USER node
ARG APP=gateway
ENV APP=$APP
# As npm start runs one service: MEMORY and MALLOC in tools/start/service.ts say why.
ENV MALLOC_MMAP_THRESHOLD_=131072
CMD ["sh", "-c", "exec node --max-semi-space-size=8 --heap-growing-percent=50 --no-short-builtin-calls apps/$APP/dist/main.js"]
