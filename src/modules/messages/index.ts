/** Messages and the replies that a model makes to them: acceptance, order, and one terminal state for each reply. */
export { Deletion } from './deletion.js';
export { MessagesModule } from './messages.module.js';
export { MessagesService } from './messages.service.js';
export { percentile } from './usage/latency.js';
export { type HourTotal, type ModelLatencies, type ModelTotal, type Period, Statistics } from './usage/statistics.js';
