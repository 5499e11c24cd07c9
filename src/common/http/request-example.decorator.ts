import { ApiExtension } from '@nestjs/swagger';

export const REQUEST_EXAMPLE_EXTENSION = 'x-request-example';

/**
 * The body that the documentation offers for a route. It can be sent as it is, and does no harm. Without it the
 * required fields are offered.
 */
export const ApiRequestExample = (body: Readonly<Record<string, unknown>>) => ApiExtension(REQUEST_EXAMPLE_EXTENSION, body);
