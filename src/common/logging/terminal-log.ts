import type { DestinationStream } from 'pino';
import { PinoPretty } from 'pino-pretty';

/** Fields that the text of a line tells already, or that only matter among many processes. */
const LEFT_OUT = ['pid', 'hostname', 'context', 'method', 'route', 'status', 'ms', 'address'];

/** A log for people: `[14:03:27.120] INFO: [Http] POST /chatroom/:id/message 202, 12 ms {"request_id":"…"}`. */
export const openTerminalLog = (): DestinationStream =>
  PinoPretty({
    colorize: true,
    sync: true,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: LEFT_OUT.join(),
    messageFormat: ({ context, msg, method, route, status, ms }, _messageKey, _level, { colors }) =>
      [
        ...(typeof context === 'string' ? [colors.gray(`[${context}]`)] : []),
        typeof method === 'string' ? `${method} ${String(route)} ${String(status)}, ${String(ms)} ms` : typeof msg === 'string' ? msg : '',
      ].join(' '),
  });
