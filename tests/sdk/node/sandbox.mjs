// The sandbox that runs at SANDBOX with its keys in SANDBOX_DIR, and a shop that it can notify.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';

export const SANDBOX = process.env.SANDBOX ?? 'http://127.0.0.1:8090';
const DIR = process.env.SANDBOX_DIR ?? 'payfold-sandbox';

export const file = (name) => readFileSync(`${DIR}/${name}`, 'utf8');
export const account = (gateway) => JSON.parse(file(`${gateway}/account.json`));
export const number = (start) => `${start}_${randomBytes(6).toString('hex')}`;

const V2_ACCEPTED = '<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>';

/** Asks the sandbox's own routes; throws where it refuses. */
export async function sandbox(path, body, method = 'POST') {
  const answer = await fetch(`${SANDBOX}/_sandbox/${path}`, {
    method,
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

/** A shop on a free port: keeps what it is sent, and accepts it in the gateway's own form. */
export async function shop() {
  const letters = [];
  const waiting = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      const letter = { headers: request.headers, body };
      const next = waiting.shift();
      next ? next(letter) : letters.push(letter);
      if (body.startsWith('{')) response.writeHead(204).end();
      else response.end(body.startsWith('<') ? V2_ACCEPTED : 'success');
    });
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${server.address().port}/notify`,
    notify: () => letters.shift() ?? new Promise((next) => waiting.push(next)),
    close: () => new Promise((closed) => { server.close(closed); server.closeAllConnections(); }),
  };
}

/** Lets the sandbox's clock jump past the day after, and says which day today is in China. */
export async function aDayOn() {
  const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  await sandbox('clock', { advance_s: 2 * 86_400 });
  return day;
}
