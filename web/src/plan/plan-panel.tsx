import { useState } from 'react';
import { Button, Label, RadioButton, RadioField, RadioGroup } from 'react-aria-components';
import { api, bodyOf, type Plan as OfferedPlan, type Status } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { inWholeUnits } from '../ui/currency.ts';
import { LoadProblem } from '../ui/load-problem.tsx';
import { useLoaded } from '../ui/use-loaded.ts';
import { useTask } from '../ui/use-task.ts';

/** The payment page leads back to this one, where the API allows that; else to a page of the API. */
async function checkoutUrl(price: string | undefined): Promise<string> {
  const here = location.origin + location.pathname;
  const addresses = { success_url: `${here}?checkout_session_id={CHECKOUT_SESSION_ID}`, cancel_url: here };
  const choice = price === undefined ? {} : { price };
  const open = (body: Partial<typeof addresses>) => bodyOf(api.POST('/subscribe/pro', { body: { ...choice, ...body } }));
  const checkout = await open(addresses).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'validation_failed') return open({});
    throw error;
  });
  return checkout.checkout_url;
}

async function portalUrl(): Promise<string> {
  const open = (body: { return_url?: string }) => bodyOf(api.POST('/subscription/portal', { body }));
  const portal = await open({ return_url: location.origin + location.pathname }).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'validation_failed') return open({});
    throw error;
  });
  return portal.portal_url;
}

type Price = OfferedPlan['prices'][number];

function priceOf({ amount, currency, interval, interval_count: count }: Price): string {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  const period = count === 1 ? interval : `${count} ${interval}s`;
  return `${format.format(inWholeUnits({ amount, currency }))} a ${period}`;
}

const dateOf = (time: string): string => new Date(time).toLocaleDateString(undefined, { dateStyle: 'long' });

const loadPlans = async () => (await bodyOf(api.GET('/plans'))).data;

export default function PlanPanel({ status }: { status: Status }) {
  const task = useTask();
  const { data: plans, error, reload } = useLoaded(loadPlans);
  const offer = plans?.find(({ id }) => id === 'pro');
  const prices = offer?.prices ?? [];
  const [chosen, setPrice] = useState<string>();
  const price = chosen ?? prices[0]?.key;
  const isPro = status.plan === 'pro';
  const go = (url: () => Promise<string>) => {
    task.run(async () => {
      location.assign(await url());
    });
  };
  return (
    <div className="plan">
      <p className="plan-name">{isPro ? 'Pro' : 'Basic'}</p>
      {status.daily_limit !== null && (
        <p>
          {status.daily_limit} messages a day. {status.used_today} used today; more from{' '}
          {new Date(status.resets_at).toLocaleTimeString(undefined, { timeStyle: 'short' })}.
        </p>
      )}
      {isPro && (
        <p>
          No daily limit.{' '}
          {status.active_until !== null && `${status.cancel_at_period_end ? 'It ends on' : 'Paid until'} ${dateOf(status.active_until)}.`}
        </p>
      )}
      {!isPro && (
        <>
          <h3>Pro gives you</h3>
          <ul className="offer">
            <li>No daily limit</li>
            <li>Longer answers, and more of the conversation in mind</li>
            {offer?.capabilities.web_search === true && <li>Answers that search the web, with their sources</li>}
            {offer !== undefined && offer.capabilities.reasoning.length > 0 && <li>A say in how long the model thinks</li>}
            <li>Cancel at any time</li>
          </ul>
        </>
      )}
      {!isPro && prices.length > 0 && (
        <RadioGroup className="prices" value={price ?? null} onChange={setPrice}>
          <Label>Price</Label>
          {prices.map((choice) => (
            <RadioField key={choice.key} value={choice.key}>
              <RadioButton>{priceOf(choice)}</RadioButton>
            </RadioField>
          ))}
        </RadioGroup>
      )}
      <LoadProblem error={error} reload={reload} />
      <p className="problem" role="alert">
        {task.error?.message}
      </p>
      <div className="actions">
        {status.status !== 'none' && (
          <Button
            className="button"
            isDisabled={task.isBusy}
            onPress={() => {
              go(portalUrl);
            }}
          >
            Payments and invoices
          </Button>
        )}
        {!isPro && (
          <Button
            className="button primary"
            isDisabled={task.isBusy}
            onPress={() => {
              go(() => checkoutUrl(price));
            }}
          >
            Upgrade to Pro
          </Button>
        )}
      </div>
    </div>
  );
}
