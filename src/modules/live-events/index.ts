/** What changes for a user, told to every open page and device of the user. Whoever commits a change publishes it. */
export { LiveEventsModule } from './live-events.module.js';
export { LiveEventsService } from './live-events.service.js';
