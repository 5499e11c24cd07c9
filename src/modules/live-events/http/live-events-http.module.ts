import { Module } from '@nestjs/common';
import { LiveEventsController } from './live-events.controller.js';
import { LiveListenersService } from './live-listeners.service.js';
import { UserStatesRepository } from './user-states.repository.js';

@Module({ controllers: [LiveEventsController], providers: [LiveListenersService, UserStatesRepository] })
export class LiveEventsHttpModule {}
