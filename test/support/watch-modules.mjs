// Loaded by `node --import`: tells on standard error which modules of OpenTelemetry's SDK the process loads.
import { register } from 'node:module';

register(
  `data:text/javascript,${encodeURIComponent(`
    import { writeSync } from 'node:fs';
    export async function resolve(specifier, context, next) {
      if (/opentelemetry.(sdk|exporter)/.test(specifier)) writeSync(2, 'loaded ' + specifier + '\\n');
      return next(specifier, context);
    }`)}`,
);
