import { fastifyCookie } from '@fastify/cookie';
import type { FastifyReply } from 'fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { AnswersInFlight, BodiesInFlight } from '../../common/http/in-flight.js';
import { StrictValidationPipe } from '../../common/http/validation.pipe.js';
import { Metrics } from '../../common/metrics/metrics.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { corsOptions } from './cors.js';
import { ReadinessService } from '../operations/readiness.service.js';
import { createOpenApiDocument } from './openapi.js';
import { keepToken } from './swagger-sign-in.js';
import { ProblemFilter } from './problem.filter.js';
import { API_HEADERS, PAGE_HEADERS } from './security-headers.js';
import { BodyInterceptor } from './transfer/body.interceptor.js';
import { limitTransfers } from './transfer/transfer-limits.js';

/** Configures what is not a module of the API's HTTP side, for a started process and for tests alike. */
export function configureApi(app: NestFastifyApplication): void {
  const config = app.get<Config>(InjectConfig.TOKEN);
  void app.register(fastifyCookie);
  app.useGlobalPipes(new StrictValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalInterceptors(new BodyInterceptor(app.get(BodiesInFlight)));
  if (config.CORS_ORIGINS.length > 0) app.enableCors(corsOptions(config));
  const readiness = app.get(ReadinessService);
  const metrics = app.get(Metrics);
  const server = app.getHttpAdapter().getInstance();
  limitTransfers(server, app.get(AnswersInFlight));
  server
    .addHook('onRequest', (_request, reply, done) => {
      if (readiness.isDraining) reply.header('connection', 'close');
      done();
    })
    .addHook('onSend', (_request, reply, payload, done) => {
      if (String(reply.getHeader('content-type')).startsWith('text/html')) setPageHeaders(reply);
      done(null, payload);
    })
    .addHook('onResponse', ({ method, routeOptions }, { statusCode, elapsedTime }, done) => {
      metrics.httpDuration.observe({ method, route: routeOptions.url ?? 'none', status: statusCode }, elapsedTime / 1_000);
      done();
    });
  if (config.DOCS_ENABLED) {
    SwaggerModule.setup('docs', app, () => createOpenApiDocument(app), {
      jsonDocumentUrl: 'openapi.json',
      raw: ['json'],
      customSiteTitle: 'Gemini chat backend',
      swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true, responseInterceptor: keepToken },
    });
  }
}

/** A page that has a content security policy of its own keeps it. */
function setPageHeaders(reply: FastifyReply): void {
  const { 'content-security-policy': policy, ...others } = PAGE_HEADERS;
  if (reply.getHeader('content-security-policy') === API_HEADERS['content-security-policy']) {
    reply.header('content-security-policy', policy);
  }
  reply.headers(others);
}
