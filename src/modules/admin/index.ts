/** What whoever runs the service sees and may do, and the record of what was done. It may enter every other module; none enters it. */
export { AdminModule } from './admin.module.js';
