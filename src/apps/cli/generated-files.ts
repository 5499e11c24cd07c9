import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadConfig } from '../../config/env.js';
import { ApiModule } from '../api/api.module.js';
import { createHttpAdapter } from '../api/http-server.js';
import { createOpenApiDocument } from '../api/openapi.js';
import { envExample } from './env-example.js';
import { postmanCollection } from './postman.js';
import { listRoutes, routeTable } from './route-table.js';
import { statementsFile } from './statements-file.js';

/**
 * Generates the committed files that are made from the code, by their paths in the repository. They show in review what
 * changes for clients, operators or attackers. Nothing is started: Nest's preview mode only reads the decorators.
 */
export async function generatedFiles(): Promise<Readonly<Record<string, string>>> {
  const config = loadConfig({ source: {} });
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(config), createHttpAdapter(config), {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  const document = createOpenApiDocument(app);
  return {
    'openapi.json': asJson(document),
    'postman/gemini-chat.postman_collection.json': asJson(postmanCollection(document)),
    'docs/routes.md': routeTable(listRoutes(app)),
    'docs/statements.sql': statementsFile(),
    '.env.example': envExample(),
  };
}

const asJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
