import { invalidRequest } from './stripe-error.js';

export type FormValue = string | FormValue[] | FormObject;
export interface FormObject {
  [key: string]: FormValue;
}

const DEEPEST = 10;

interface Node {
  value?: string;
  children: Map<string, Node>;
}

/**
 * Reads a form body or a query in Stripe's manner: `items[0][price]=x`, `expand[]=y`, `metadata[key]=z`. A node whose
 * keys are all numbers is a list in the order of those numbers.
 * @throws StripeError 400 for a name whose brackets do not match, or that is nested deeper than Stripe allows.
 */
export function parseForm(text: string): FormObject {
  const root: Node = { children: new Map() };
  for (const [name, value] of new URLSearchParams(text)) {
    let node = root;
    for (const part of pathOf(name)) {
      const key = part === '' ? String(node.children.size) : part;
      let next = node.children.get(key);
      if (next === undefined) {
        next = { children: new Map() };
        node.children.set(key, next);
      }
      node = next;
    }
    node.value = value;
  }
  return objectOf(root);
}

function pathOf(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (match?.[1] === undefined) throw invalidRequest(`Invalid parameter name: ${name}`, { param: name });
  const rest = [...(match[2] ?? '').matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '');
  if (rest.length > DEEPEST) throw invalidRequest(`Parameters are nested too deeply: ${name}`, { param: name });
  return [match[1], ...rest];
}

function objectOf(node: Node): FormObject {
  // Own keys only: a parameter called __proto__ is a key like any other.
  const entries = [...node.children].map(([key, child]) => [key, valueOf(child)] as const);
  return Object.fromEntries(entries);
}

function valueOf(node: Node): FormValue {
  if (node.children.size === 0) return node.value ?? '';
  const keys = [...node.children.keys()];
  if (!keys.every((key) => /^\d+$/.test(key))) return objectOf(node);
  return [...node.children].sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => valueOf(child));
}
