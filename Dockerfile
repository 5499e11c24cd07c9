# syntax=docker/dockerfile:1
# One image for every process; what a container does is its command. Build stage: everything that is needed to build; image: only what runs.
FROM node:22.21.1-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY .swcrc nest-cli.json tsconfig.json ./
COPY migrations ./migrations
COPY simulators ./simulators
COPY src ./src
COPY tools ./tools
COPY web ./web
RUN npm run build && node tools/production-modules.mjs /production

FROM node:22.21.1-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /production/ ./
COPY --from=build --chown=root:root /app/dist ./dist
COPY --from=build --chown=root:root /app/web/dist ./web/dist
# The user of the base image, who may read all this and write nothing.
USER node
EXPOSE 3000
# For API and worker: readiness, on METRICS_PORT where it is set and else on PORT.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.METRICS_PORT ?? process.env.PORT ?? 3000}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# node is the first process and gets the signals itself.
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
