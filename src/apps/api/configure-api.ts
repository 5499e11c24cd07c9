import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { StrictValidationPipe } from '../../common/http/validation.pipe.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { ReadinessService } from './health/readiness.service.js';
import { createOpenApiDocument } from './openapi.js';
import { ProblemFilter } from './problem.filter.js';

/** What pages of CORS_ORIGINS may send and see. */
const CORS = {
  methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
  allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match', 'Last-Event-ID', 'X-Request-Id'],
  exposedHeaders: ['Location', 'ETag', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'Cache-Status', 'X-Request-Id'],
};

/** Everything about the API's HTTP side that is not a module: the same for a started process and for tests. */
export function configureApi(app: NestFastifyApplication): void {
  const config = app.get<Config>(InjectConfig.TOKEN);
  app.useGlobalPipes(new StrictValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.useSecurityHeaders();
  if (config.CORS_ORIGINS.length > 0) app.enableCors({ origin: config.CORS_ORIGINS, credentials: true, maxAge: 600, ...CORS });
  const readiness = app.get(ReadinessService);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (_request, reply, done) => {
      if (readiness.isDraining) reply.header('connection', 'close');
      done();
    });
  if (config.DOCS_ENABLED) {
    SwaggerModule.setup('docs', app, () => createOpenApiDocument(app), {
      jsonDocumentUrl: 'openapi.json',
      raw: ['json'],
      customSiteTitle: 'Gemini chat backend',
      swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
    });
  }
}
