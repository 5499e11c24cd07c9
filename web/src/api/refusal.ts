/** A problem document (RFC 9457) of the API. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  readonly retry_after?: number;
  readonly resets_at?: string;
  readonly challenge_id?: string;
  readonly otp?: string;
}

/** A request that the API has refused. Its message is the text of the API, for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(readonly problem: Problem) {
    super(textOf(problem));
  }

  get code(): string {
    return this.problem.code;
  }

  static async of(response: Response): Promise<Refusal> {
    const { status } = response;
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
    if (isProblem) return new Refusal((await response.json()) as Problem);
    return new Refusal({ status, code: 'unknown', title: 'Refused', detail: `The server answered ${status}.` });
  }
}

function textOf({ title, detail, errors = [], retry_after: seconds }: Problem): string {
  if (errors.length > 0) return errors.map(({ message }) => message).join('; ');
  return seconds === undefined || detail !== title ? detail : `${title}. Try again in ${seconds} s.`;
}
