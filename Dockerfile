# syntax=docker/dockerfile:1
# One image for every process; what a container does is its command. Build stage: everything that is needed to build; image: only what runs.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY .swcrc nest-cli.json tsconfig.json ./
COPY migrations ./migrations
COPY simulators ./simulators
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
# The user of the base image, who may read all this and write nothing.
USER node
EXPOSE 3000
# node is the first process and gets the signals itself.
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
