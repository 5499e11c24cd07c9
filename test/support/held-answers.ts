import { until } from './until.js';

interface Request {
  readonly outcome: string;
  readonly body: string;
}

/** Lets the answers go on that `[[hold]]` stopped, when the model has been asked for one. */
export async function releaseHeldAnswers(simulatorUrl: string): Promise<void> {
  const isHeld = ({ outcome, body }: Request) => outcome === 'open' && body.includes('[[hold]]');
  await until('the model is asked', async () => {
    const { requests } = (await (await fetch(`${simulatorUrl}/_simulator/requests`)).json()) as { requests: Request[] };
    return requests.some(isHeld);
  });
  await fetch(`${simulatorUrl}/_simulator/release`, { method: 'POST' });
}
