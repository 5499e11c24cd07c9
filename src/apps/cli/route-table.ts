import { type INestApplication, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import { ACCESS_METADATA, type AccessDemand, PUBLIC_METADATA, type PublicAccess } from '../../common/http/current-actor.decorator.js';

export type Caller = 'everybody' | 'signed in' | 'verified number' | 'administrator';

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly caller: Caller;
  readonly handler: string;
}

const DEMANDED: Readonly<Record<AccessDemand, Caller>> = { admin: 'administrator', verified_number: 'verified number' };

/** Every route of the application with who may call it, as the guard reads it, sorted by path. */
export function listRoutes(app: INestApplication): Route[] {
  const reflector = new Reflector();
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers
    .flatMap(({ metatype: controller }) => {
      if (typeof controller !== 'function') return [];
      const prototype = controller.prototype as Record<string, () => unknown>;
      return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name];
        const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
        if (!handler || method === undefined) return [];
        const targets = [handler, controller];
        const isPublic = reflector.getAllAndOverride<PublicAccess | undefined>(PUBLIC_METADATA, targets) !== undefined;
        const demand = reflector.getAllAndOverride<AccessDemand | undefined>(ACCESS_METADATA, targets);
        const caller = isPublic ? 'everybody' : demand ? DEMANDED[demand] : 'signed in';
        return pathsOf(controller).flatMap((base) =>
          pathsOf(handler).map((path) => ({
            method: RequestMethod[method],
            path: `/${base}/${path}`.replace(/\/+/g, '/').replace(/(?<=.)\/$/, ''),
            caller,
            handler: `${controller.name}.${name}`,
          })),
        );
      });
    })
    .sort((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1));
}

const pathsOf = (target: object): string[] => [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat();

export const routeTable = (routes: readonly Route[]): string =>
  `# Routes

Every route, and who may call it. Made by \`npm run generate\`; \`npm run check\` fails when it is out of date.

- everybody: no token is read.
- signed in: the access token of a live session.
- verified number: as that, and the user's mobile number is verified where \`REQUIRE_VERIFIED_NUMBER\` says so.
- administrator: as signed in, and the user's role is \`admin\`.

Besides, \`/docs\` and \`/openapi.json\` are open to everybody where \`DOCS_ENABLED\` says so.

| | Route | Caller | Handler |
|---|---|---|---|
${routes.map(({ method, path, caller, handler }) => `| ${method} | ${path} | ${caller} | ${handler} |`).join('\n')}
`;
