import { AccountPage } from '../account/account-page.tsx';
import { AuditLogPage } from '../lists/audit-log-page.tsx';
import { ChatroomsPage } from '../lists/chatrooms-page.tsx';
import { MessagesPage } from '../lists/messages-page.tsx';
import { OverduePage } from '../lists/overdue-page.tsx';
import { RefundsPage } from '../lists/refunds-page.tsx';
import { SubscriptionsPage } from '../lists/subscriptions-page.tsx';
import { UsersPage } from '../lists/users-page.tsx';
import { WebhookEventsPage } from '../lists/webhook-events-page.tsx';
import { OverviewPage } from '../overview/overview-page.tsx';
import { QueuesPage } from '../queues/queues-page.tsx';
import type { FunctionComponent } from 'react';

interface Part {
  readonly name: string;
  readonly page: FunctionComponent;
  /** The page of one of them. */
  readonly pageOfOne?: FunctionComponent<{ id: string }>;
}

/** The parts of the administration, by the first word of the address. */
export const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['overview', { name: 'Overview', page: OverviewPage }],
  ['users', { name: 'Users', page: UsersPage, pageOfOne: AccountPage }],
  ['chatrooms', { name: 'Chatrooms', page: ChatroomsPage }],
  ['messages', { name: 'Messages', page: MessagesPage }],
  ['subscriptions', { name: 'Subscriptions', page: SubscriptionsPage }],
  ['webhook-events', { name: 'Webhook events', page: WebhookEventsPage }],
  ['refunds', { name: 'Refunds', page: RefundsPage }],
  ['overdue', { name: 'Overdue customers', page: OverduePage }],
  ['queues', { name: 'Queues', page: QueuesPage }],
  ['audit-log', { name: 'Audit log', page: AuditLogPage }],
]);
