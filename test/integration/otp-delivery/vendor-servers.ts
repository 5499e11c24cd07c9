import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';

/** What a vendor was asked to send. */
export interface TwilioRequest {
  readonly path: string;
  readonly authorization: string;
  readonly form: Readonly<Record<string, string>>;
}

/** Twilio's Messages resource, as its documentation shows requests and answers; answers 201 unless told otherwise. */
export async function startTwilio() {
  const requests: TwilioRequest[] = [];
  const refusals: { status: number; body: string }[] = [];
  const server = createHttpServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      requests.push({
        path: `${request.method ?? ''} ${request.url ?? ''}`,
        authorization: Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString(),
        form: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())),
      });
      const { status, body } = refusals.shift() ?? { status: 201, body: JSON.stringify({ sid: `SM${'0'.repeat(32)}`, status: 'queued' }) };
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    /** Answers the next request so. */
    refuse: (status: number, body: string) => refusals.push({ status, body }),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Mail {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** As much of RFC 5321 as a client needs that sends one message, with AUTH PLAIN (RFC 4954). */
export async function startMailServer() {
  const mails: Mail[] = [];
  const logins: string[] = [];
  const refusals: string[] = [];
  const server = createTcpServer((socket) => {
    converse(socket, mails, logins, refusals);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `smtp://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    logins,
    /** Answers the next RCPT so. */
    refuse: (reply: string) => refusals.push(reply),
    hasRefused: () => refusals.length === 0,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function converse(socket: Socket, mails: Mail[], logins: string[], refusals: string[]): void {
  const say = (line: string) => socket.write(`${line}\r\n`);
  let mail = { from: '', to: '', data: '' };
  let inData = false;
  let buffer = '';
  const command = (line: string) => {
    const word = line.slice(0, 4).toUpperCase();
    if (word === 'EHLO') say('250-mail.test\r\n250 AUTH PLAIN');
    else if (word === 'AUTH') {
      logins.push(Buffer.from(line.split(' ')[2] ?? '', 'base64').toString());
      say('235 2.7.0 ok');
    } else if (word === 'MAIL') {
      mail = { from: /<(.*)>/.exec(line)?.[1] ?? '', to: '', data: '' };
      say('250 ok');
    } else if (word === 'RCPT') {
      mail = { ...mail, to: /<(.*)>/.exec(line)?.[1] ?? '' };
      say(refusals.shift() ?? '250 ok');
    } else if (word === 'DATA') {
      inData = true;
      say('354 go on');
    } else if (word === 'QUIT') {
      say('221 bye');
      socket.end();
    } else say('250 ok');
  };
  say('220 mail.test ESMTP');
  socket.on('data', (chunk: Buffer) => {
    buffer += chunk.toString();
    for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      if (!inData) command(line);
      else if (line === '.') {
        inData = false;
        mails.push(mail);
        say('250 queued');
      } else mail = { ...mail, data: `${mail.data}${line}\n` };
    }
  });
}
