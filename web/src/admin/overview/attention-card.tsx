import { Button } from 'react-aria-components';
import { api, bodyOf, type StripeStatus } from '../api.ts';
import { Card } from '../ui/card.tsx';
import { useLoaded } from '../../ui/use-loaded.ts';
import { findingsOf } from './findings.ts';

async function load() {
  const [attention, queues, stripe] = await Promise.all([
    bodyOf(api.GET('/admin/attention')),
    bodyOf(api.GET('/admin/queues')),
    bodyOf(api.GET('/admin/stripe')),
  ]);
  return { attention, queues: queues.data, stripe };
}

const ALWAYS = { intervalMs: 15_000, isWanted: () => true };

const stripeInWords = ({ configured, mode, account_id: id }: StripeStatus): string =>
  configured ? `Stripe: ${id ?? 'account unknown'}, ${mode ?? 'unknown'} mode.` : 'Stripe is not configured: nothing is sold.';

/** What needs a hand now, with links to the lists. It is loaded again while it is shown. */
export function AttentionCard() {
  const { data, error, reload } = useLoaded(load, '', ALWAYS);
  const findings = data === null ? [] : findingsOf(data.attention, data.queues, data.stripe);
  return (
    <div className={findings.length > 0 ? 'attention urgent' : 'attention'}>
      <Card title="Needs a hand">
        <div role="status">
          {data !== null && findings.length === 0 && <p>Nothing needs a hand.</p>}
          {findings.length > 0 && (
            <ul>
              {findings.map(({ text, href }) => (
                <li key={text}>{href === null ? text : <a href={href}>{text}</a>}</li>
              ))}
            </ul>
          )}
        </div>
        <p className="problem" role="alert">
          {error && (
            <>
              {error.message}{' '}
              <Button className="link" onPress={reload}>
                Retry
              </Button>
            </>
          )}
        </p>
        <p className="soft">{data === null ? 'Loading…' : stripeInWords(data.stripe)}</p>
      </Card>
    </div>
  );
}
