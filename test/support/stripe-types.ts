/**
 * Answers of Stripe's API, and calls of it, judged by stripe-node's own types: each is written as a literal, and
 * TypeScript says what is wrong.
 */
import { join } from 'node:path';
import ts from 'typescript';
import type { Call } from '../../simulators/stripe/calls.js';
import { parseForm } from '../../simulators/stripe/form-encoding.js';

const ROOT = join(__dirname, '../..');
const FILE = join(ROOT, 'simulators/stripe/captured-answers.ts');

/** stripe-node's name of each object. */
const TYPES: Readonly<Record<string, string>> = {
  account: 'Account',
  'billing_portal.configuration': 'BillingPortal.Configuration',
  'billing_portal.session': 'BillingPortal.Session',
  charge: 'Charge',
  'checkout.session': 'Checkout.Session',
  coupon: 'Coupon',
  customer: 'Customer',
  discount: 'Discount',
  dispute: 'Dispute',
  event: 'Event',
  invoice: 'Invoice',
  invoice_payment: 'InvoicePayment',
  invoiceitem: 'InvoiceItem',
  payment_intent: 'PaymentIntent',
  payment_method: 'PaymentMethod',
  price: 'Price',
  product: 'Product',
  promotion_code: 'PromotionCode',
  refund: 'Refund',
  subscription: 'Subscription',
  subscription_schedule: 'SubscriptionSchedule',
  tax_id: 'TaxId',
  webhook_endpoint: 'WebhookEndpoint',
};

export interface WireObject {
  object: string;
}

/** Answers that differ only in ids and numbers are the same to a type. */
function shapeOf(answer: WireObject): string {
  return JSON.stringify(answer)
    .replace(/\b([a-z]+)_(?:test_)?[A-Za-z0-9]{14,}/g, '$1_1')
    .replace(/(?<=[:[,])-?\d+(?:\.\d+)?(?=[,}\]])/g, '1');
}

/**
 * @param answers as they came on the wire, nothing expanded
 * @returns what does not agree with the types, by object; and of which objects answers were judged
 */
export function judgeByTypes(answers: readonly WireObject[]): { problems: string[]; judged: string[] } {
  const shapes = [...new Map(answers.map((answer) => [shapeOf(answer), answer])).values()];
  const lines = shapes.map(({ object, ...rest }, index) => {
    const type = TYPES[object];
    if (type === undefined) throw new Error(`no type is known of the object ${object}`);
    return `export const answer${index}: Wire<Stripe.${type}> = ${JSON.stringify({ object, ...rest })};`;
  });
  const source = [`import type Stripe from 'stripe';`, `import type { Wire } from './wire.js';`, ...lines].join('\n');
  return { problems: diagnose(source), judged: [...new Set(shapes.map(({ object }) => object))].sort() };
}

/** stripe-node's name of what each call of the backend takes. */
const PARAMETERS: Readonly<Record<string, string>> = {
  'DELETE /v1/customers/:id': 'CustomerDeleteParams',
  'DELETE /v1/subscriptions/:id': 'SubscriptionCancelParams',
  'GET /v1/account': 'AccountRetrieveCurrentParams',
  'GET /v1/billing_portal/configurations': 'BillingPortal.ConfigurationListParams',
  'GET /v1/charges': 'ChargeListParams',
  'GET /v1/charges/:id': 'ChargeRetrieveParams',
  'GET /v1/checkout/sessions': 'Checkout.SessionListParams',
  'GET /v1/checkout/sessions/:id': 'Checkout.SessionRetrieveParams',
  'GET /v1/customers/:id': 'CustomerRetrieveParams',
  'GET /v1/disputes': 'DisputeListParams',
  'GET /v1/events': 'EventListParams',
  'GET /v1/invoice_payments': 'InvoicePaymentListParams',
  'GET /v1/invoices': 'InvoiceListParams',
  'GET /v1/payment_intents': 'PaymentIntentListParams',
  'GET /v1/payment_intents/:id': 'PaymentIntentRetrieveParams',
  'GET /v1/payment_methods/:id': 'PaymentMethodRetrieveParams',
  'GET /v1/prices': 'PriceListParams',
  'GET /v1/prices/:id': 'PriceRetrieveParams',
  'GET /v1/products/:id': 'ProductRetrieveParams',
  'GET /v1/refunds/:id': 'RefundRetrieveParams',
  'GET /v1/subscriptions': 'SubscriptionListParams',
  'GET /v1/subscriptions/:id': 'SubscriptionRetrieveParams',
  'GET /v1/webhook_endpoints': 'WebhookEndpointListParams',
  'POST /v1/billing_portal/configurations': 'BillingPortal.ConfigurationCreateParams',
  'POST /v1/billing_portal/configurations/:id': 'BillingPortal.ConfigurationUpdateParams',
  'POST /v1/billing_portal/sessions': 'BillingPortal.SessionCreateParams',
  'POST /v1/checkout/sessions': 'Checkout.SessionCreateParams',
  'POST /v1/checkout/sessions/:id/expire': 'Checkout.SessionExpireParams',
  'POST /v1/customers': 'CustomerCreateParams',
  'POST /v1/customers/:id': 'CustomerUpdateParams',
  'POST /v1/invoices/:id/void': 'InvoiceVoidInvoiceParams',
  'POST /v1/prices': 'PriceCreateParams',
  'POST /v1/prices/:id': 'PriceUpdateParams',
  'POST /v1/products': 'ProductCreateParams',
  'POST /v1/products/:id': 'ProductUpdateParams',
  'POST /v1/refunds': 'RefundCreateParams',
  'POST /v1/subscription_schedules/:id/release': 'SubscriptionScheduleReleaseParams',
  'POST /v1/subscriptions/:id': 'SubscriptionUpdateParams',
  'POST /v1/subscriptions/:id/resume': 'SubscriptionResumeParams',
  'POST /v1/webhook_endpoints': 'WebhookEndpointCreateParams',
  'POST /v1/webhook_endpoints/:id': 'WebhookEndpointUpdateParams',
};

export const CALLS_OF_THE_BACKEND: readonly string[] = Object.keys(PARAMETERS).sort();

/** Parameters as a form carries them: every value is text. */
const FORM = `
type Decimal = NonNullable<Stripe.Price['unit_amount_decimal']>;
type Form<T> = T extends string ? T : T extends number ? \`\${number}\` : T extends boolean ? \`\${T}\` : T extends null ? ''
  : T extends Decimal ? string : T extends readonly (infer Item)[] ? Form<Item>[] : T extends object ? { [Key in keyof T]: Form<T[Key]> } : T;`;

/** The member of PARAMETERS for a call, or the call as it is. */
function routeOf({ method, path }: Call): string {
  const called = `${method} ${path}`;
  if (called in PARAMETERS) return called;
  const isCalled = (route: string): boolean => new RegExp(`^${route.replace(':id', '[^/]+')}$`).test(called);
  return Object.keys(PARAMETERS).find(isCalled) ?? called;
}

/**
 * @param calls as the simulator keeps them
 * @returns what does not agree with the types, by call; and which calls were judged
 */
export function judgeCalls(calls: readonly Call[]): { problems: string[]; judged: string[] } {
  const written = calls.map((call) => ({ route: routeOf(call), form: parseForm(call.form) }));
  const shapes = [...new Map(written.map((call) => [`${call.route} ${shapeOf({ object: '', ...call.form })}`, call])).values()];
  const lines = shapes.map(({ route, form }, index) => {
    const type = PARAMETERS[route];
    if (type === undefined) throw new Error(`no type is known of the parameters of ${route}`);
    return `export const call${index}: Form<Stripe.${type}> = ${JSON.stringify(form)};`;
  });
  const source = [`import type Stripe from 'stripe';`, FORM, ...lines].join('\n');
  return { problems: diagnose(source), judged: [...new Set(shapes.map(({ route }) => route))].sort() };
}

function diagnose(source: string): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, types: [] }, ROOT);
  const host = ts.createCompilerHost(options);
  const disk = { ...host };
  host.fileExists = (path) => path === FILE || disk.fileExists(path);
  host.readFile = (path) => (path === FILE ? source : disk.readFile(path));
  host.getSourceFile = (path, target, onError) =>
    path === FILE ? ts.createSourceFile(path, source, target) : disk.getSourceFile(path, target, onError);
  const program = ts.createProgram([FILE], options, host);
  const file = program.getSourceFile(FILE);
  return program.getSemanticDiagnostics(file).map(({ messageText, start = 0 }) => {
    const line = source.slice(0, start).split('\n').length - 1;
    const type = /(?:Wire|Form)<(.+?)> =/.exec(source.split('\n')[line] ?? '')?.[1] ?? '';
    return `${type}: ${ts.flattenDiagnosticMessageText(messageText, '\n').slice(0, 600)}`;
  });
}
